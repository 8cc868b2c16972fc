import { type Caller, registeredName } from "@mcp-hangar/telemetry";
import { LoopProbe } from "@mcp-hangar/testing";
import { describe, expect, it } from "vitest";
import { PERMISSIONS, type Permission } from "./permissions.ts";
import { BUILT_IN_ROLES, createRoles } from "./roles.ts";

const ALL = Object.keys(PERMISSIONS) as Permission[];

function callerWith(...roles: readonly string[]): Caller {
  return { type: "api_key", id: registeredName("somebody"), roles, credential: "api_key:somebody" };
}

const roles = createRoles({
  math: { permissions: ["tools:call"], tools: { allow: ["math/*"], deny: ["math/delete_*"] } },
  whole: { permissions: ["tools:call"], tools: { allow: ["math"], deny: ["math/secret"] } },
  all_but: { permissions: ["tools:call"], tools: { deny: ["files", "math/secret"] } },
  reader: { permissions: ["servers:read"] },
  nothing: { permissions: [] },
  shut: { permissions: ["tools:call"], tools: { allow: ["math/*"], deny: ["math/*"] } },
});

describe("built-in roles", () => {
  it("are what the documentation says", () => {
    expect(BUILT_IN_ROLES.admin).toEqual(ALL);
    expect(ALL.filter((each) => !BUILT_IN_ROLES.operator.includes(each))).toEqual(["keys:read", "keys:write"]);
    expect(BUILT_IN_ROLES.viewer.every((each) => each.endsWith(":read") && each !== "keys:read")).toBe(true);
    expect(BUILT_IN_ROLES.viewer).toContain("servers:read");
    expect(BUILT_IN_ROLES.viewer).not.toContain("audit:read");
    expect(BUILT_IN_ROLES.auditor).toEqual(ALL.filter((each) => each.endsWith(":read")));
    expect(BUILT_IN_ROLES.agent).toEqual(["tools:call"]);
  });
});

describe("a caller", () => {
  it.each(ALL)("without a role may not %s, nor with a role that nobody defined", (permission) => {
    for (const caller of [
      callerWith(),
      callerWith("nothing"),
      callerWith("no_such_role"),
      callerWith("__proto__", "constructor"),
    ]) {
      expect(roles.permits(caller, permission)).toBe(false);
      expect(roles.reaches(caller, "math", permission)).toBe(false);
      expect(roles.admits(caller, "math", "add", permission)).toBe(false);
    }
  });

  it("who runs the process may do everything", () => {
    const local: Caller = { type: "local", id: registeredName("local"), roles: [], credential: "local" };
    expect(ALL.every((each) => roles.permits(local, each))).toBe(true);
    expect(roles.admits(local, "math", "secret")).toBe(true);
  });

  it.each([
    ["math", "math", "add", true],
    ["math", "math", "delete_all", false],
    ["math", "files", "add", false],
    ["math", "mathematics", "add", false],
    ["math", "math", "a/b", true],
    ["whole", "math", "add", true],
    ["whole", "math", "secret", false],
    ["all_but", "anything", "add", true],
    ["all_but", "files", "read", false],
    ["all_but", "math", "secret", false],
    ["reader", "math", "add", false],
    ["agent", "math", "secret", true],
    ["viewer", "math", "add", false],
  ] as const)("with the role %s and %s/%s: %s", (role, server, tool, expected) => {
    expect(roles.admits(callerWith(role), server, tool)).toBe(expected);
  });

  it.each([
    ["math", "math", true],
    ["math", "files", false],
    ["all_but", "files", false],
    ["all_but", "math", true],
    ["shut", "math", false],
    ["agent", "math", true],
  ] as const)("with the role %s reaches the server %s: %s", (role, server, expected) => {
    expect(roles.reaches(callerWith(role), server)).toBe(expected);
  });

  it.each([
    ["*", "secret/**", false],
    ["secret/read_file", "secret/read_*", false],
    ["*/read_*", "secret/re*", false],
    ["secret/read_*", "secret/read_file", true],
    ["secret/*", "secret/?", true],
    ["secret/*_file", "secret/read_*", true],
  ])("reaches a server of which %s is allowed and %s is denied: %s", (allow, deny, expected) => {
    const some = createRoles({ some: { permissions: ["tools:call"], tools: { allow: [allow], deny: [deny] } } });
    expect(some.reaches(callerWith("some"), "secret")).toBe(expected);
  });

  it("gets what any role gives, but a role that sees everything does not widen what another may call", () => {
    const both = callerWith("math", "reader");
    expect(roles.admits(both, "files", "read")).toBe(false);
    expect(roles.admits(both, "files", "read", "servers:read")).toBe(true);
    expect(roles.reaches(both, "files")).toBe(false);
    expect(roles.reaches(both, "files", "servers:read")).toBe(true);
    expect(roles.admits(callerWith("math", "agent"), "files", "read")).toBe(true);
  });

  it("may do everything with admin, or with roles that add up to it without limits on tools", () => {
    const parts = createRoles({
      rest: { permissions: ALL.filter((each) => each !== "keys:write") },
      keys: { permissions: ["keys:write"] },
      some: { permissions: ALL, tools: { allow: ["math"] } },
    });
    const asked = [["admin"], ["rest", "keys"], ["rest"], ["keys"], ["some"], ["operator"], ["agent", "gone"], []];
    expect(asked.filter((names) => parts.allowAll(names))).toEqual([["admin"], ["rest", "keys"]]);
  });

  it.each([
    // Without rules, and with some that only deny, they follow the tools.
    ["tools only", { tools: { allow: ["math/*"] } }, "math", true, true],
    ["tools only", { tools: { allow: ["math/*"] } }, "files", false, false],
    [
      "tools, less a resource",
      { tools: { allow: ["math"] }, resources: { deny: ["math/memo://*"] } },
      "math",
      false,
      true,
    ],
    [
      "tools, less a resource",
      { tools: { allow: ["math"] }, resources: { deny: ["math/memo://*"] } },
      "files",
      false,
      false,
    ],
    [
      "tools, less other resources",
      { tools: { allow: ["math"] }, resources: { deny: ["*/file:*"] } },
      "math",
      true,
      true,
    ],
    // What is allowed by name exists, wherever tools are.
    [
      "resources elsewhere",
      { tools: { allow: ["math"] }, resources: { allow: ["files/memo://*"] } },
      "files",
      true,
      false,
    ],
    [
      "resources elsewhere",
      { tools: { allow: ["math"] }, resources: { allow: ["files/memo://*"] } },
      "math",
      false,
      true,
    ],
    ["no tools, prompts", { tools: { allow: [] }, prompts: { allow: ["*/ask*"] } }, "files", false, true],
    ["no tools, prompts", { tools: { allow: [] }, prompts: { allow: ["*/as"] } }, "files", false, false],
    ["everything but", { resources: { deny: ["files"] }, prompts: { deny: ["math"] } }, "files", false, true],
    ["everything but", { resources: { deny: ["files"] }, prompts: { deny: ["math"] } }, "math", true, false],
    ["another spelling", { resources: { deny: ["*/MEMO://a*"] } }, "math", false, true],
  ])("with a role of %s (%j) at %s: a resource %s, a prompt %s", (_name, rules, server, resource, prompt) => {
    const some = createRoles({ some: { permissions: ["tools:call"], ...rules } });
    const caller = callerWith("some");
    expect(some.shows(caller, server, { kind: "resources", name: "memo://a/1" })).toBe(resource);
    expect(some.shows(caller, server, { kind: "prompts", name: "ask" })).toBe(prompt);
    expect(some.shows(caller, server, { kind: "prompts", name: "ask" }, "servers:read")).toBe(false);
  });

  it("reaches a server of which a resource or a prompt is allowed, and no other by rules that only deny", () => {
    const tools = { allow: ["math"] };
    const some = createRoles({
      some: {
        permissions: ["tools:call"],
        tools,
        resources: { allow: ["files/memo://*"] },
        prompts: { allow: ["ask/*"] },
      },
      less: { permissions: ["tools:call"], tools, resources: { deny: ["files"] }, prompts: { deny: [] } },
    });
    const reached = (role: string): readonly string[] =>
      ["math", "files", "ask", "other"].filter((server) => some.reaches(callerWith(role), server));
    expect(reached("some")).toEqual(["math", "files", "ask"]);
    expect(reached("less")).toEqual(["math"]);
  });

  it("may not do everything with a role that limits resources or prompts", () => {
    for (const rules of [{ resources: {} }, { prompts: { deny: ["x"] } }]) {
      const limited = createRoles({ some: { permissions: ALL, ...rules } });
      expect(limited.allowAll(["some"])).toBe(false);
      expect(limited.mayGrant(callerWith("some"), "admin")).toBe(false);
    }
  });

  it("can give only roles that they have, unless nothing is denied to them", () => {
    expect(roles.mayGrant(callerWith("math"), "math")).toBe(true);
    expect(roles.mayGrant(callerWith("math"), "agent")).toBe(false);
    expect(roles.mayGrant(callerWith("operator"), "admin")).toBe(false);
    expect(roles.mayGrant(callerWith("admin"), "math")).toBe(true);
    expect(roles.mayGrant(callerWith("no_such_role"), "admin")).toBe(false);
  });
});

it("a thousand rules over a thousand servers with fifty tools each are judged without holding the event loop", async () => {
  const all = Array.from({ length: 1_000 }, (_, place) => `server-${place}`);
  const tools = { allow: all.map((server) => `${server}/tool-*`), deny: all.map((server) => `${server}/tool-7`) };
  const some = createRoles({ some: { permissions: ["tools:call"], tools } });
  const caller = callerWith("some");
  const probe = new LoopProbe(200);
  // As lists ask: for all servers at once, and for so many of their tools between two turns.
  await probe.watch(() => {
    expect(all.filter((server) => some.reaches(caller, server))).toEqual(all);
    const shown = all
      .slice(0, 10)
      .flatMap((server) => Array.from({ length: 50 }, (_, place) => some.admits(caller, server, `tool-${place}`)));
    expect(shown.filter((is) => !is)).toHaveLength(10);
  });
  expect(probe.blocked).toBe(0);
});
