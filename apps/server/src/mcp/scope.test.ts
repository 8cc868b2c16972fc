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
/** Names that agree in the first 40 bits of their digests behind "alone__". */
const COLLIDING = [
  ["buom", "pxy8"],
  ["gqzm", "14d70"],
].map((ends) => ends.map((end) => `${"c".repeat(60)}_${end}`));
const TOOLS = [LONG, TAKEN, ...COLLIDING.flat()].map((name) => ({ name, inputSchema: { type: "object" } }));
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
    const here = [LONG, TAKEN].map((name) => scope.qualify("alone", "tools", name));
    expect(here[0]).toBe(`alone__${TAKEN}`);
    expect(new Set(here).size).toBe(2);
    expect(here.map((name) => [name.length, scope.resolve(name, "tools")])).toEqual([
      [64, { server: "alone", name: LONG }],
      [64, { server: "alone", name: TAKEN }],
    ]);
  });

  it("tools whose digests agree are told apart, and what they would share means neither", async () => {
    for (const pair of COLLIDING) {
      const digests = pair.map((name) => createHash("sha256").update(`alone__${name}`).digest("hex").slice(0, 10));
      expect(new Set(digests).size).toBe(1);
      const shared = `alone__${"c".repeat(46)}_${digests[0]}`;
      const { signal } = new AbortController();
      await gateway.fleet.entry("alone")?.refresh("tools", signal);
      const here = pair.map((name) => scope.qualify("alone", "tools", name));
      for (const name of here) expect(name).toMatch(/^alone__c{24}_[0-9a-f]{32}$/);
      expect(here.map((name) => scope.resolve(name, "tools"))).toEqual(pair.map((name) => ({ server: "alone", name })));
      expect(scope.resolve(shared, "tools")).toEqual({ server: "alone", name: shared.slice("alone__".length) });
      // Prompts of the same names are others.
      expect(pair.map((name) => scope.qualify("alone", "prompts", name))).toEqual([shared, shared]);
    }
    expect(scope.resolve(scope.qualify("alone", "tools", LONG), "tools")).toEqual({ server: "alone", name: LONG });
  });

  it("how names are written is another text when names of a list come to agree", async () => {
    const entry = gateway.fleet.entry("alone");
    if (entry === undefined) throw new Error("it is there");
    const before = scope.naming(entry, "tools");
    await entry.refresh("tools", new AbortController().signal);
    expect(scope.naming(entry, "tools")).not.toBe(before);
    expect(scope.naming(entry, "prompts")).toBe(before);
  });

  it("a group stands in the place of its members, which are still there", () => {
    expect(ids(scope.entries(LOCAL_CALLER))).toEqual(["alone", "pair"]);
    expect(ids(scope.servers(LOCAL_CALLER))).toEqual(["one", "two", "alone"]);
    expect(scope.resolve("pair__do", "tools")).toEqual({ server: "pair", name: "do" });
    expect(scope.resolve("one__do", "tools")).toEqual({ server: "one", name: "do" });
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
      const [name, uri] = [scope.qualify(server, "prompts", text), scope.qualifyUri(server, text)];
      expect(scope.resolve(name, "prompts")).toEqual({ server, name: text });
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
    expect(scope.resolve("do", "tools")).toEqual({ server: "pair", name: "do" });
  });

  it("its members have places of their own", () => {
    const scope = createScope({ gateway, access: OPEN_ACCESS }, { kind: "server", id: "one" });
    expect(ids(scope.entries(LOCAL_CALLER))).toEqual(["one"]);
    expect(["pair", "one", "two"].map((id) => scope.has(id))).toEqual([false, true, false]);
  });
});
