import { LoopProbe } from "@mcp-hangar/testing";
import { describe, expect, test } from "vitest";
import { type Reach, reachedConfig, reachedProblems } from "./reached-config.ts";

const CONFIG = {
  mcp_servers: {
    open: { mode: "subprocess", command: ["node"], args: ["payroll"] },
    payroll: { mode: "remote", endpoint: "http://payroll.internal" },
    team: { mode: "group", members: [{ id: "open" }, { id: "payroll", weight: 2 }] },
    vault: { mode: "group", members: [{ id: "payroll" }] },
  },
  auth: {
    roles: {
      clerk: { permissions: ["tools:call"], tools: { allow: ["*", "open/*", "payroll/pay"], deny: ["pay*", "va?lt"] } },
    },
  },
  profiles: { everyday: { servers: ["open", "payroll"], tools: [{ server: "payroll", tool: "pay" }] }, vault: {} },
  http: { port: 8_000 },
};

const REACH: Reach = {
  reaches: (id) => ["open", "team"].includes(id),
  known: ["open", "payroll", "team", "vault", "found"],
};

describe("a shown configuration", () => {
  test("has no servers, members, patterns and names that the caller does not reach", async () => {
    expect(await reachedConfig(CONFIG, REACH)).toEqual({
      mcp_servers: {
        open: { mode: "subprocess", command: ["node"], args: ["payroll"] },
        team: { mode: "group", members: [{ id: "open" }] },
      },
      auth: { roles: { clerk: { permissions: ["tools:call"], tools: { allow: ["*", "open/*"], deny: [] } } } },
      profiles: { everyday: { servers: ["open"], tools: [] } },
      http: { port: 8_000 },
    });
  });

  test("is whole for a caller who reaches every server", async () => {
    expect(await reachedConfig(CONFIG, { ...REACH, reaches: () => true })).toEqual(CONFIG);
  });

  test("hides servers that only discovery knows as well", async () => {
    const config = { mcp_servers: {}, auth: { roles: { a: { tools: { allow: ["found/x"] } } } } };
    expect(await reachedConfig(config, REACH)).toEqual({
      mcp_servers: {},
      auth: { roles: { a: { tools: { allow: [] } } } },
    });
  });
});

describe("problems of a configuration", () => {
  const problem = (key: string, message: string) => ({ line: 3, key, message });
  const HIDDEN = { line: 3, key: "mcp_servers", message: "something is wrong about servers that you do not reach" };

  test.each([
    ["of a hidden server", problem("mcp_servers.payroll.command", "is missing")],
    ["of one that is only in the new file", problem("mcp_servers.secret.command", "is missing")],
    ["of one whose key is quoted", problem('mcp_servers["secret"].command', "is missing")],
    ["whose message names a hidden server", problem("mcp_servers.team.members[1]", 'there is no server "payroll"')],
    ["of a pattern for a hidden server", problem("auth.roles.clerk", "payroll/pay is denied and allowed")],
  ])("say nothing %s", (_what, found) => {
    expect(reachedProblems([found], REACH)).toEqual([HIDDEN]);
  });

  test.each([
    ["of a server that the caller reaches", problem("mcp_servers.open.command", "is missing")],
    ["of the gateway itself", problem("http.port", "is no port")],
    ["in which a hidden name is a part of a word", problem("http.port", "a payroll-like port, vaults")],
  ])("are told %s", (_what, found) => {
    expect(reachedProblems([found], REACH)).toEqual([found]);
  });
});

describe("a thousand servers that are not for the caller", () => {
  const known = Array.from({ length: 1_000 }, (_, place) => `server-number-${place}`);
  const reach: Reach = { reaches: () => false, known };

  test("are kept out of a configuration and its problems without holding the event loop", async () => {
    const allow = Array.from({ length: 1_000 }, (_, place) => `${place}*-number-*?/tool*`);
    const config = { mcp_servers: {}, auth: { roles: { a: { tools: { allow: [...allow, "server-*", "open/x"] } } } } };
    const message = "the program is not installed in any folder of PATH: install it, or correct the command ".repeat(4);
    const problems = known.map((id, line) => ({ line, key: `mcp_servers["${id}"].command`, message }));
    const probe = new LoopProbe(200);
    await probe.watch(async () => {
      expect(await reachedConfig(config, reach)).toEqual({
        mcp_servers: {},
        auth: { roles: { a: { tools: { allow: [...allow, "open/x"] } } } },
      });
      expect(reachedProblems(problems, reach).every(({ key }) => key === "mcp_servers")).toBe(true);
    });
    expect(probe.blocked).toBe(0);
  });
});
