import { getEventListeners } from "node:events";
import { describe, expect, it } from "vitest";
import { Batches } from "../../src/batch/batches.ts";
import type { CallResult, ToolCall } from "../../src/call.ts";
import { failure } from "../../src/errors.ts";
import { settlePromises } from "../../src/testing/index.ts";
import { answers, LOST, OK } from "../fake-answers.ts";
import { call, times, useBench } from "./bench.ts";

const use = useBench();

describe("the end of a batch", () => {
  const hang = answers(() => "hang");

  it("comes at the deadline: what ran is a timeout, what waited is cancelled", async () => {
    const bench = use({ a: { reply: hang }, b: { reply: answers(() => OK) } });
    const calls = [...times(4, () => call("a")), call("b")];
    const [report, ms] = await bench.run({ calls, max_concurrency: 3, timeout: 5 });
    expect(ms).toBeLessThanOrEqual(5_100);
    expect(report).toMatchObject({ succeeded: 1, cancellation: "timeout" });
    expect(report.results.map(({ error_type }) => error_type)).toEqual([
      "timeout",
      "timeout",
      "timeout",
      "cancelled",
      null,
    ]);
    expect(report.results[3]).toMatchObject({ call_id: null, attempts: 0, elapsed_ms: 0 });
    expect(bench.finished()).toMatchObject({
      result: "partial",
      items: { success: 1, error: 0, timeout: 3, rejected: 0, cancelled: 1 },
      cancellation: "timeout",
      durationSeconds: expect.closeTo(5, 1),
    });
    expect([...bench.statuses()].sort()).toEqual(["success", "timeout", "timeout", "timeout"]);
  });

  it("comes in time even if the gateway itself is stuck in a call, which still counts as executing", async () => {
    const bench = use({ a: { reply: answers(() => OK) } });
    const { gateway, platform, bus, continuations } = bench;
    const stuck: AbortSignal[] = [];
    let end: (result: CallResult) => void = () => {};
    const callTool = (_call: unknown, signal?: AbortSignal): Promise<CallResult> => {
      if (signal !== undefined) stuck.push(signal);
      return new Promise((resolve) => {
        end = resolve;
      });
    };
    const batches = new Batches({ gateway: { fleet: gateway.fleet, callTool }, bus, platform, continuations });
    const running = batches.execute({ calls: [call("a")], timeout: 2 });
    await platform.clock.advanceAsync(2_100);
    expect(await running).toMatchObject({ cancellation: "timeout", results: [{ error_type: "timeout", attempts: 1 }] });
    expect(stuck.map(({ aborted }) => aborted)).toEqual([true]);
    expect(bench.finished().items.timeout).toBe(1);
    expect(batches.itemsExecuting).toBe(1);
    end({ kind: "error", error: { code: 1, message: "too late" } });
    await settlePromises();
    expect(batches.itemsExecuting).toBe(0);
    expect(bench.finished().items.timeout).toBe(1);
  });

  it("is the deadline's doing also when a timer of the machine fires a moment early", async () => {
    const { gateway, platform, bus, continuations } = use({ a: { reply: hang } });
    const callTool = ({ timeoutMs = 0 }: ToolCall): Promise<CallResult> =>
      new Promise((resolve) => {
        platform.clock.schedule(timeoutMs - 1, () => resolve(failure("timeout", "no answer")));
      });
    const batches = new Batches({ gateway: { fleet: gateway.fleet, callTool }, bus, platform, continuations });
    const running = batches.execute({ calls: [call("a"), call("a")], max_concurrency: 1, timeout: 2, max_attempts: 5 });
    await platform.clock.advanceAsync(2_000);
    expect(await running).toMatchObject({
      cancellation: "timeout",
      results: [{ error_type: "timeout", attempts: 1 }, { error_type: "cancelled" }],
    });
  });

  it("leaves nothing behind on the client's signal", async () => {
    const bench = use({ a: { reply: answers(() => OK) } });
    const client = new AbortController();
    await bench.batches.execute({ calls: [call("a")] }, {}, client.signal);
    expect(getEventListeners(client.signal, "abort")).toEqual([]);
  });

  it("does not come early when one call has a shorter time of its own", async () => {
    const bench = use({ a: { reply: hang }, b: { reply: answers(() => bench.later(3_000, OK)) } });
    const [report] = await bench.run({ calls: [call("a", { timeout: 1 }), call("b")], timeout: 10 });
    expect(report).toMatchObject({ cancellation: null, results: [{ error_type: "timeout" }, { success: true }] });
    expect(report.results[0]?.elapsed_ms).toBe(1_000);
  });

  it("comes with the first failure when fail_fast is set", async () => {
    const bench = use({
      a: { reply: hang },
      b: { reply: answers(() => bench.later(500, LOST)) },
      c: { reply: answers(() => OK) },
    });
    const calls = [call("c"), call("a"), call("b"), call("a")];
    const [report, ms] = await bench.run({ calls, max_concurrency: 3, fail_fast: true });
    expect(report.results.map(({ error_type }) => error_type)).toEqual([null, "cancelled", "connection", "cancelled"]);
    expect(ms).toBeLessThanOrEqual(520);
    expect(bench.finished()).toMatchObject({
      result: "partial",
      cancellation: "fail_fast",
      items: { success: 1, error: 1, timeout: 0, rejected: 0, cancelled: 2 },
    });
  });

  it("is nothing to count when the last call fails and fail_fast is set", async () => {
    const bench = use({ a: { reply: answers(() => OK) } });
    await bench.run({ calls: [call("nowhere")], fail_fast: true });
    expect(bench.finished()).toMatchObject({ result: "failure", cancellation: undefined });
  });

  it("comes when the client leaves", async () => {
    const bench = use({ a: { reply: hang }, b: { reply: answers(() => OK) } });
    const client = new AbortController();
    const calls = [call("b"), ...times(5, () => call("a"))];
    const running = bench.batches.execute({ calls, max_concurrency: 2 }, {}, client.signal);
    await bench.platform.clock.advanceAsync(1_000);
    client.abort();
    await settlePromises();
    expect(await running).toMatchObject({ succeeded: 1, cancellation: "client" });
    expect(bench.finished()).toMatchObject({
      result: "cancelled",
      cancellation: "client",
      items: { success: 1, error: 0, timeout: 0, rejected: 0, cancelled: 5 },
    });
    expect(bench.statuses()).toEqual(["success", "cancelled", "cancelled"]);
  });

  it("comes before the beginning when the client has left already", async () => {
    const bench = use({ a: { reply: answers(() => OK) } });
    const report = await bench.batches.execute({ calls: [call("a")] }, {}, AbortSignal.abort());
    expect(report).toMatchObject({ cancellation: "client", results: [{ attempts: 0, error_type: "cancelled" }] });
    expect(bench.received("a")).toEqual([]);
  });

  it("leaves the servers that answer their share when one hangs", async () => {
    const behaviours = {
      hangs: { reply: hang },
      ...Object.fromEntries("abcdefghi".split("").map((id) => [id, { reply: answers(() => bench.later(50, OK)) }])),
    };
    const bench = use(behaviours);
    const servers = Object.keys(behaviours);
    const calls = times(100, (index) => call(servers[index % 10] ?? ""));
    const [report] = await bench.run({ calls, timeout: 10 });
    expect(report.succeeded).toBe(90);
  });
});
