import { createHash } from "node:crypto";
import {
  circuitBreakerOptions,
  executionOptions,
  Gateway,
  groupOptions,
  LOCAL_CALLER,
  subprocessOptions,
} from "@mcp-hangar/core";
import { FakeTransport, fakePlatform, resultReply } from "@mcp-hangar/core/testing";
import { TelemetryBus } from "@mcp-hangar/telemetry";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { OPEN_ACCESS } from "../access/access.ts";
import { createScope, type Scope, withoutPrefix } from "./scope.ts";

const SHARED = "memo://shared";
const LONG = "t".repeat(80);
/** What {@link LONG} of the server "alone" is shortened to, without its prefix. */
const TAKEN = `${"t".repeat(46)}_${createHash("sha256").update(`alone__${LONG}`).digest("hex").slice(0, 10)}`;
const TOOLS = [LONG, TAKEN].map((name) => ({ name, inputSchema: { type: "object" } }));
let gateway: Gateway;

beforeEach(() => {
  const platform = fakePlatform();
  const server = subprocessOptions.parse({ mode: "subprocess", command: "fake" });
  const members = [{ id: "one" }, { id: "two" }];
  gateway = new Gateway({
    servers: { one: server, two: server, alone: server, pair: groupOptions.parse({ mode: "group", members }) },
    execution: executionOptions.parse({}),
    circuitBreaker: circuitBreakerOptions.parse({}),
    bus: new TelemetryBus(),
    platform,
    info: { name: "test", version: "0" },
    transports: (id) => {
      const resources = id === "alone" ? [] : [{ uri: SHARED, name: "shared" }];
      const peer = {
        era: "legacy",
        protocolVersion: "2025-11-25",
        info: { name: id, version: "0" },
        capabilities: { tools: {}, resources: {} },
        instructions: undefined,
      } as const;
      return new FakeTransport(platform.clock, { peer, reply: () => resultReply({ tools: TOOLS, resources }) });
    },
  });
});

afterEach(() => gateway.close());

const ids = (list: readonly { readonly id: string }[]): readonly string[] => list.map(({ id }) => id);

describe("where everything is shown", () => {
  let scope: Scope;
  beforeEach(() => {
    scope = createScope({ gateway, access: OPEN_ACCESS }, { kind: "all" });
  });

  it("a tool that is named like the shortened name of another does not take its place", async () => {
    const { signal } = new AbortController();
    await gateway.fleet.entry("alone")?.refresh("tools", signal);
    const here = [LONG, TAKEN].map((name) => scope.qualify("alone", name));
    expect(here[0]).toBe(`alone__${TAKEN}`);
    expect(new Set(here).size).toBe(2);
    expect(here.map((name) => [name.length, scope.resolve(name)])).toEqual([
      [64, { server: "alone", name: LONG }],
      [64, { server: "alone", name: TAKEN }],
    ]);
  });

  it("a group stands in the place of its members, which are still there", () => {
    expect(ids(scope.entries(LOCAL_CALLER))).toEqual(["alone", "pair"]);
    expect(ids(scope.servers(LOCAL_CALLER))).toEqual(["one", "two", "alone"]);
    expect(scope.resolve("pair__do")).toEqual({ server: "pair", name: "do" });
    expect(scope.resolve("one__do")).toEqual({ server: "one", name: "do" });
    expect([scope.exists("pair", LOCAL_CALLER), scope.exists("one", LOCAL_CALLER)]).toEqual([true, true]);
  });

  it("members are listed again when their group is gone", async () => {
    await gateway.fleet.unregister("pair", "reload");
    expect(ids(scope.entries(LOCAL_CALLER))).toEqual(["one", "two", "alone"]);
    expect(scope.exists("pair", LOCAL_CALLER)).toBe(false);
  });

  it("a resource by its own URI belongs to the group whose members list it", async () => {
    for (const id of ["one", "two", "alone"]) {
      await gateway.fleet.get(id)?.refresh("resources", new AbortController().signal);
    }
    expect(scope.resolveUri(SHARED, LOCAL_CALLER)).toEqual({ server: "pair", name: SHARED });
    expect(scope.resolveUri(`hangar://two/${SHARED}`, LOCAL_CALLER)).toEqual({ server: "two", name: SHARED });
    expect(scope.resolveUri("memo://nobody", LOCAL_CALLER)).toEqual({ server: "", name: "memo://nobody" });
  });
});

describe("a name or URI of a server, as clients of everything know it", () => {
  const names = ["do", "a__b", "__", "", "one__do", "ü"];
  const uris = [
    "memo://1",
    "ui://panel/view.html",
    "ui://one__panel",
    "ui://",
    "hangar://one/memo://1",
    "file:///a b",
    "x",
  ];

  it.each([...names, ...uris])("leads back to it: %j", (text) => {
    const scope = createScope({ gateway, access: OPEN_ACCESS }, { kind: "all" });
    for (const server of ["one", "pair", "alone"]) {
      const [name, uri] = [scope.qualify(server, text), scope.qualifyUri(server, text)];
      expect(scope.resolve(name)).toEqual({ server, name: text });
      expect(scope.resolveUri(uri, LOCAL_CALLER)).toEqual({ server, name: text });
      expect([withoutPrefix(server, name), withoutPrefix(server, uri)]).toEqual([text, text]);
      expect(uri.startsWith("ui://")).toBe(text.startsWith("ui://"));
    }
  });
});

describe("where one group is shown", () => {
  it("what happens at its members concerns its clients", () => {
    const scope = createScope({ gateway, access: OPEN_ACCESS }, { kind: "server", id: "pair" });
    expect(ids(scope.entries(LOCAL_CALLER))).toEqual(["pair"]);
    expect(ids(scope.servers(LOCAL_CALLER))).toEqual(["one", "two"]);
    expect(["pair", "one", "two", "alone"].map((id) => scope.has(id))).toEqual([true, true, true, false]);
    expect(scope.resolve("do")).toEqual({ server: "pair", name: "do" });
  });

  it("its members have places of their own", () => {
    const scope = createScope({ gateway, access: OPEN_ACCESS }, { kind: "server", id: "one" });
    expect(ids(scope.entries(LOCAL_CALLER))).toEqual(["one"]);
    expect(["pair", "one", "two"].map((id) => scope.has(id))).toEqual([false, true, false]);
  });
});
