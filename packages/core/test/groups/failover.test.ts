import { describe, expect, it } from "vitest";
import { Batches } from "../../src/batch/batches.ts";
import { ContinuationStore } from "../../src/batch/continuation-store.ts";
import { executionOptions } from "../../src/options.ts";
import { resultReply, serverWithTools } from "../../src/testing/index.ts";
import { StartError, type UpstreamReply } from "../../src/transports/session.ts";
import { answers, LOST, OK, UNSENT } from "../fake-answers.ts";
import { REFUSES, useGroupBench, WORKS } from "./group-bench.ts";

const use = useGroupBench();

describe("a call whose member fails before anything was sent", () => {
  it.each([
    ["refuses the connection", REFUSES],
    ["cannot be started", { openError: new StartError("refused", "connection refused") }],
    ["says that it is overloaded", { reply: answers(() => ({ ...UNSENT, errorType: "overloaded" }) as UpstreamReply) }],
  ])("is answered by the next member when the first one %s", async (_name, behaviour) => {
    const bench = use({ a: behaviour, b: WORKS });
    expect((await bench.call())[0].kind).toBe("result");
    expect(bench.bus.of("call.finished")).toMatchObject([{ server: "b", tool: "do", outcome: { status: "success" } }]);
    expect(bench.spanEvents.filter(([name]) => name === "failover")).toMatchObject([
      ["failover", { "mcp.server.group_id": "all", "mcp.server.id": "a", "mcp.server.next_id": "b" }],
    ]);
  });

  it("goes past a member with too many calls waiting", async () => {
    const bench = use(
      { a: { reply: answers(() => "hang") }, b: WORKS },
      {
        group: { strategy: "priority" },
        members: { b: { priority: 2 } },
        server: { max_concurrency: 1 },
        gateway: { execution: executionOptions.parse({ max_waiting: 0 }) },
      },
    );
    const stuck = bench.gateway.callTool({ server: "all", tool: "do" });
    await bench.platform.clock.advanceAsync(0);
    expect(await bench.calls(2)).toEqual(["b", "b"]);
    await bench.platform.clock.advanceAsync(30_000);
    expect(await stuck).toMatchObject({ code: "timeout" });
  });

  it("fails once, by the last member's reason, when all refuse", async () => {
    const bench = use({ a: REFUSES, b: REFUSES, c: REFUSES });
    const [result] = await bench.call();
    expect(result).toMatchObject({ code: "connection", maybeExecuted: false });
    expect(result).toHaveProperty("message", '3 members of group "all" failed, the last with: server "c": refused');
    expect(bench.bus.of("call.finished")).toMatchObject([
      { server: "c", requestedServer: "all", outcome: { status: "error", errorType: "connection" } },
    ]);
    expect(["a", "b", "c"].map((id) => bench.received(id).length)).toEqual([1, 1, 1]);
    expect(bench.spanEvents.filter(([name]) => name === "failover")).toHaveLength(2);
  });
});

describe("a call that may have been executed", () => {
  it("is not made again", async () => {
    const bench = use({ a: { reply: answers(() => LOST) }, b: WORKS });
    expect((await bench.call())[0]).toMatchObject({ code: "connection", maybeExecuted: true });
    expect(bench.received("b")).toEqual([]);
    expect(bench.spanEvents.filter(([name]) => name === "failover")).toEqual([]);
  });

  it("is made again when its tool is declared read-only", async () => {
    const bench = use({ a: { reply: answers(() => LOST) }, b: WORKS });
    expect((await bench.call({ tool: "safe" }))[0].kind).toBe("result");
    expect(bench.bus.of("call.finished")).toMatchObject([{ server: "b", outcome: { status: "success" } }]);
  });

  it("may have been executed even if the member tried last has not begun", async () => {
    const bench = use({ a: { reply: answers(() => LOST) }, b: REFUSES });
    expect((await bench.call({ tool: "safe" }))[0]).toMatchObject({ code: "connection", maybeExecuted: true });
    expect(bench.received("b")).toHaveLength(1);
  });

  it.each<[string, UpstreamReply]>([
    ["an error of the tool", resultReply({ isError: true, content: [] })],
    ["a JSON-RPC error", { kind: "error", error: { code: -32603, message: "broken" } }],
  ])("keeps %s as the answer, for an answer is no failure of the member", async (_name, reply) => {
    const bench = use({ a: { reply: answers(() => reply) }, b: WORKS });
    expect((await bench.call({ tool: "safe" }))[0].kind).toBe(reply.kind);
    expect(bench.received("b")).toEqual([]);
    expect(bench.out()).toEqual({});
  });
});

describe("the deadline of a call", () => {
  it("is one for all members together", async () => {
    const bench = use(
      { a: { reply: answers(() => "hang") }, b: { reply: answers(() => "hang") } },
      { group: { call_timeout_s: 8 }, server: { call_timeout_s: 5 } },
    );
    const [result, ms] = await bench.call({ tool: "safe" });
    expect(result).toMatchObject({ code: "timeout" });
    expect(ms).toBe(8_000);
    expect(["a", "b"].map((id) => bench.received(id).length)).toEqual([1, 1]);
    expect(bench.bus.of("call.finished")).toMatchObject([{ durationSeconds: 8 }]);
  });

  it("leaves the next member what the hanging one has not used up", async () => {
    const bench = use(
      { a: { reply: answers(() => "hang") }, b: { reply: answers(() => bench.later(2_000, OK)) } },
      { group: { call_timeout_s: 8 }, server: { call_timeout_s: 5 } },
    );
    const [result, ms] = await bench.call({ tool: "safe" });
    expect([result.kind, ms]).toEqual(["result", 7_000]);
  });

  it("starts nobody any more when it has passed", async () => {
    const bench = use({ a: { reply: answers(() => "hang") }, b: WORKS });
    expect((await bench.call({ tool: "safe" }))[0]).toMatchObject({ code: "timeout" });
    expect(bench.transport("b").attempts).toBe(0);
    expect(bench.bus.of("call.finished")).toMatchObject([{ server: "a", outcome: { status: "timeout" } }]);
  });

  it("is the caller's own for the first member when the caller has one", async () => {
    const bench = use(
      { a: { reply: answers(() => bench.later(7_000, OK)) }, b: WORKS },
      { server: { call_timeout_s: 5 } },
    );
    const [result, ms] = await bench.call({ tool: "safe", timeoutMs: 20_000 });
    expect([result.kind, ms]).toEqual(["result", 7_000]);
    expect(bench.received("b")).toEqual([]);
  });

  it("covers a start that hangs, and the next member is tried while there is time", async () => {
    const bench = use(
      { a: { openHangs: true }, b: WORKS },
      { group: { call_timeout_s: 9 }, server: { call_timeout_s: 4 } },
    );
    const [result, ms] = await bench.call();
    expect([result.kind, ms]).toEqual(["result", 4_000]);
    expect(bench.bus.of("call.finished")).toMatchObject([{ server: "b", coldStart: true }]);
  });

  it("ends a call whose caller left, without another attempt", async () => {
    const bench = use({ a: { reply: answers(() => "hang") }, b: WORKS });
    const leaving = new AbortController();
    const running = bench.gateway.callTool({ server: "all", tool: "safe" }, leaving.signal);
    await bench.platform.clock.advanceAsync(10);
    leaving.abort();
    expect(await running).toMatchObject({ code: "cancelled" });
    expect(bench.received("b")).toEqual([]);
    expect(bench.bus.of("call.finished")).toMatchObject([{ server: "a", outcome: { status: "cancelled" } }]);
  });
});

describe("members that differ", () => {
  const only = (...tools: readonly string[]) => ({ reply: serverWithTools(...tools) });

  it("are asked only for what they offer", async () => {
    const bench = use({ a: only("left"), b: only("right") });
    await bench.calls(2, { tool: "left" });
    expect(await bench.calls(3, { tool: "left" })).toEqual(["a", "a", "a"]);
    expect(await bench.calls(3, { tool: "right" })).toEqual(["b", "b", "b"]);
  });

  it("are started to learn what they offer, and the call goes on to the one that has it", async () => {
    const bench = use({ a: only("left"), b: only("right") });
    expect(await bench.calls(1, { tool: "right" })).toEqual(["b"]);
    expect(bench.bus.of("call.finished")).toMatchObject([{ server: "b", tool: "right" }]);
    expect(bench.out()).toEqual({});
  });

  it("make a tool unknown that none of them has", async () => {
    const bench = use({ a: only("left"), b: only("right") });
    expect(await bench.calls(2, { tool: "middle" })).toEqual(["unknown_tool", "unknown_tool"]);
    expect(["a", "b"].flatMap((id) => bench.received(id))).toEqual([]);
  });

  it("do not lend each other the tools of one that is away", async () => {
    const bench = use({ a: only("left"), b: only("right") });
    await bench.calls(1, { tool: "right" });
    bench.group.setInRotation("b", false);
    const [result] = await bench.call({ tool: "right" });
    expect(result).toMatchObject({ code: "circuit_open" });
    expect(result).toHaveProperty(
      "message",
      'no member of group "all" that offers "right" is in rotation: b (taken out by an operator)',
    );
  });
});

describe("a batch", () => {
  it("runs calls of a group as those of a server", async () => {
    const bench = use({ a: REFUSES, b: WORKS });
    const { gateway, bus, platform } = bench;
    const continuations = new ContinuationStore(platform);
    const batches = new Batches({ gateway, bus, platform, continuations });
    const calls = [1, 2, 3].map(() => ({ server: "all", tool: "do" }));
    const report = await batches.execute({ calls });
    expect(report).toMatchObject({ success: true, succeeded: 3 });
    expect(bus.of("call.finished").map(({ server }) => server)).toEqual(["b", "b", "b"]);
    continuations.close();
  });
});
