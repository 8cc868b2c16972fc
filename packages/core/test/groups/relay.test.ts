import { describe, expect, it } from "vitest";
import type { JsonObject } from "../../src/protocol/json-rpc.ts";
import { FAKE_PEER, type FakeBehaviour, resultReply } from "../../src/testing/index.ts";
import type { UpstreamReply, UpstreamRequest } from "../../src/transports/session.ts";
import { LOST } from "../fake-answers.ts";
import { useGroupBench } from "./group-bench.ts";

const use = useGroupBench();
const NOW = new AbortController().signal;

interface Offer {
  readonly tools?: readonly JsonObject[];
  readonly prompts?: readonly string[];
  readonly resources?: readonly string[];
  readonly reply?: (request: UpstreamRequest) => UpstreamReply | "hang";
}

/** A server that offers something, and answers with its own name. */
function offering(name: string, { tools = [], prompts = [], resources = [], reply }: Offer): Partial<FakeBehaviour> {
  const capabilities = { tools: {}, prompts: {}, resources: {} };
  return {
    peer: { ...FAKE_PEER, capabilities },
    reply: (request) => {
      switch (request.method) {
        case "tools/list":
          return resultReply({ tools });
        case "prompts/list":
          return resultReply({ prompts: prompts.map((prompt) => ({ name: prompt })) });
        case "resources/list":
          return resultReply({ resources: resources.map((uri) => ({ uri, name: uri })) });
        default:
          return reply?.(request) ?? resultReply({ by: name });
      }
    },
  };
}

const by = (result: unknown): unknown => (result as { result?: { value: JsonObject } }).result?.value.by;

describe("the lists of a group", () => {
  it("are the union of what members in rotation last offered, the first one's word where they differ", async () => {
    const bench = use({
      a: offering("a", { tools: [{ name: "x", description: "of a" }, { name: "only-a" }] }),
      b: offering("b", { tools: [{ name: "x", description: "of b" }, { name: "only-b" }] }),
    });
    const { group, gateway } = bench;
    expect(group.catalog.known("tools")).toBeUndefined();
    for (const server of gateway.fleet.all()) await server.ensureReady(NOW);
    const names = (): unknown => group.catalog.known("tools")?.map(({ name, description }) => [name, description]);
    expect(names()).toEqual([
      ["x", "of a"],
      ["only-a", undefined],
      ["only-b", undefined],
    ]);
    group.setInRotation("a", false);
    expect(names()).toEqual([
      ["x", "of b"],
      ["only-b", undefined],
    ]);
    group.setInRotation("b", false);
    expect(group.catalog.known("tools")).toHaveLength(3);
    expect(group.catalog.toolNames()).toEqual(["x", "only-a", "only-b"]);
  });

  it("are fetched from the first member that starts while none was ever listed", async () => {
    const { group } = use({
      a: { openError: new Error("no") as never },
      b: offering("b", { prompts: ["hello"] }),
      c: offering("c", { prompts: ["bye"] }),
    });
    expect(await group.refresh("prompts", NOW)).toEqual([{ name: "hello" }]);
    expect(group.servers().map((server) => server.state.name)).toEqual(["cold", "ready", "cold"]);
  });

  it("are announced when they change because a member leaves rotation or comes back", async () => {
    const bench = use(
      {
        a: offering("a", { tools: [{ name: "x" }] }),
        b: offering("b", { tools: [{ name: "x" }, { name: "only-b" }] }),
      },
      { server: { health_check_interval_s: 10 } },
    );
    const { group, gateway, platform } = bench;
    for (const server of gateway.fleet.all()) await server.ensureReady(NOW);
    const announced: string[] = [];
    gateway.fleet.observe({
      onListChanged: ({ id }, list) => announced.push(`${id} ${list}`),
      onNotification: () => {},
    });
    const tools = (): number => announced.splice(0).filter((line) => line === "all tools").length;
    group.setInRotation("a", false);
    expect(tools()).toBe(0);
    group.setInRotation("b", false);
    group.setInRotation("a", true);
    expect(tools()).toBe(1);
    group.setInRotation("b", true);
    expect(tools()).toBe(1);
    gateway.start();
    await gateway.fleet.get("b")?.stop("requested");
    await platform.clock.advanceAsync(11_000);
    expect(tools()).toBe(0);
    // Calls that fail take it out; the next check notices that the list is another.
    bench.behave("b", offering("b", { tools: [{ name: "x" }, { name: "only-b" }], reply: () => LOST }));
    await bench.calls(4, { tool: "x" });
    expect(bench.out()).toEqual({ b: "unhealthy" });
    await platform.clock.advanceAsync(11_000);
    expect(tools()).toBe(1);
  });

  it("fail with the last member's reason when none can be started", async () => {
    const { group } = use({ a: { openError: new Error("no such thing") as never } });
    expect(await group.refresh("tools", NOW)).toMatchObject({ code: "start_failed" });
    group.setInRotation("a", false);
    expect(await group.refresh("tools", NOW)).toMatchObject({ code: "circuit_open" });
  });
});

describe("what is relayed to a group", () => {
  it("goes to members that list it, and to anybody when nobody does", async () => {
    const bench = use({
      a: offering("a", { prompts: ["hello"], resources: ["memo://a"] }),
      b: offering("b", { prompts: ["bye"], resources: ["memo://b"] }),
    });
    const { gateway } = bench;
    for (const server of gateway.fleet.all()) {
      await server.refresh("prompts", NOW);
      await server.refresh("resources", NOW);
    }
    const ask = async (method: string, params: JsonObject): Promise<unknown> =>
      by(await gateway.relay({ server: "all", method, params }));
    for (let turn = 0; turn < 3; turn++) {
      expect(await ask("prompts/get", { name: "bye" })).toBe("b");
      expect(await ask("resources/read", { uri: "memo://a" })).toBe("a");
      expect(await ask("completion/complete", { ref: { type: "ref/prompt", name: "hello" } })).toBe("a");
      expect(await ask("completion/complete", { ref: { type: "ref/resource", uri: "memo://b" } })).toBe("b");
    }
    const made = [
      await ask("resources/read", { uri: "memo://made/1" }),
      await ask("resources/read", { uri: "memo://x" }),
    ];
    expect(new Set(made)).toEqual(new Set(["a", "b"]));
  });

  it("fails over even after it may have been executed, for it only reads", async () => {
    const { gateway, bus } = use({ a: offering("a", { reply: () => LOST }), b: offering("b", {}) });
    expect(by(await gateway.relay({ server: "all", method: "prompts/get", params: { name: "hello" } }))).toBe("b");
    expect(bus.of("call.finished")).toEqual([]);
  });

  it("is refused when a server would have to remember it", async () => {
    const { gateway } = use({ a: offering("a", {}), b: offering("b", {}) });
    for (const method of ["resources/subscribe", "resources/unsubscribe", "logging/setLevel"]) {
      expect(await gateway.relay({ server: "all", method, params: { uri: "memo://a" } })).toMatchObject({
        code: "invalid_request",
        message: `${method} is for one server, and "all" is a group; ask one of its members: "a", "b"`,
      });
    }
  });
});

describe("a server that wants input", () => {
  const asking = (name: string): Partial<FakeBehaviour> =>
    offering(name, {
      tools: [{ name: "do" }],
      reply: ({ params }) =>
        params.requestState === undefined
          ? resultReply({ resultType: "input_required", inputRequests: {}, requestState: `state:of:${name}` })
          : resultReply({ by: name, state: params.requestState }),
    });

  it("gets its own state back, whose turn it may be", async () => {
    const bench = use({ a: asking("a"), b: asking("b"), c: asking("c") });
    for (let turn = 0; turn < 5; turn++) {
      const [asked] = await bench.call({ clientEra: "modern" });
      const state = (asked as { result: { value: JsonObject } }).result.value.requestState;
      const owner = bench.bus.of("call.finished").at(-1)?.server;
      expect(state).toBe(`${owner}:state:of:${owner}`);
      const [answered] = await bench.call({ clientEra: "modern", extra: { requestState: state, inputResponses: {} } });
      expect(answered).toMatchObject({ result: { value: { by: owner, state: `state:of:${owner}` } } });
    }
  });

  it("is not replaced by another when it is away", async () => {
    const bench = use({ a: asking("a"), b: asking("b") });
    await bench.call({ clientEra: "modern" });
    bench.group.setInRotation("a", false);
    const [result] = await bench.call({ clientEra: "modern", extra: { requestState: "a:state:of:a" } });
    expect(result).toMatchObject({ code: "circuit_open" });
  });

  it.each(["state", "nobody:state", ":state", 7, null])(
    "is not bothered with the state %j of somebody else",
    async (requestState) => {
      const bench = use({ a: asking("a") });
      const [result] = await bench.call({ clientEra: "modern", extra: { requestState } });
      expect(result).toMatchObject({ code: "invalid_request" });
      expect(bench.received("a")).toEqual([]);
    },
  );
});
