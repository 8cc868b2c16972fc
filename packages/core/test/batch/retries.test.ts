import { describe, expect, it } from "vitest";
import { circuitBreakerOptions } from "../../src/options.ts";
import { type FakeReply, resultReply, settlePromises } from "../../src/testing/index.ts";
import { StartError, type UpstreamReply } from "../../src/transports/session.ts";
import { answers, LOST, OK, UNSENT } from "../fake-answers.ts";
import { call, useBench } from "./bench.ts";

const use = useBench();

describe("a retry", () => {
  /** Fails so many times, and then answers. */
  const flaky = (failures: number, failure: UpstreamReply): FakeReply => {
    let left = failures;
    return answers(() => (left-- > 0 ? failure : OK));
  };

  it.each<[string, UpstreamReply, string, number]>([
    ["is made when nothing was sent", UNSENT, "do", 3],
    ["is not made when the tool may have run", LOST, "do", 1],
    ["is made of a tool that is declared read-only", LOST, "safe", 3],
    ["is made of a read-only tool that reports an error", resultReply({ isError: true }), "safe", 3],
  ])("%s", async (_name, failure, tool, attempts) => {
    const bench = use({ a: { reply: flaky(2, failure) } });
    const [report] = await bench.run({ calls: [call("a", { tool })], max_attempts: 5 });
    expect(report.results[0]).toMatchObject({ attempts, success: attempts > 1 });
    expect(bench.received("a")).toHaveLength(attempts);
    const { items } = bench.finished();
    expect([items.success, items.error]).toEqual(attempts > 1 ? [1, 0] : [0, 1]);
    // Each attempt is a call of its own; the report names the last.
    const calls = bench.bus.of("call.finished");
    expect(calls).toHaveLength(attempts);
    expect(new Set(calls.map(({ callId }) => callId)).size).toBe(attempts);
    expect(calls.at(-1)?.callId).toBe(report.results[0]?.call_id);
    const places = Array.from({ length: attempts }, (_, at) => ({ id: report.batch_id, index: 0, attempt: at + 1 }));
    expect(calls.map(({ batch }) => batch)).toEqual(places);
  });

  it("is not made more often than max_attempts says, and not at all by default", async () => {
    const bench = use({ a: { reply: answers(() => UNSENT) } });
    const [report] = await bench.run({ calls: [call("a")], max_attempts: 3 });
    expect(report.results[0]).toMatchObject({ attempts: 3, error_type: "connection" });
    bench.bus.clear();
    const [once] = await bench.run({ calls: [call("a")] });
    expect(once.results[0]).toMatchObject({ attempts: 1, error_type: "connection" });
  });

  it("waits until a server that did not start may be started again", async () => {
    const bench = use({ a: { openError: new StartError("refused", "connection refused"), reply: answers(() => OK) } });
    const { clock } = bench.platform;
    clock.schedule(300, () => {
      bench.transport("a").behaviour.openError = undefined;
    });
    const [report] = await bench.run({ calls: [call("a")], max_attempts: 10 });
    expect(report.results[0]?.success).toBe(true);
  });

  it("is not waited for when it would come after the deadline", async () => {
    const breaker = circuitBreakerOptions.parse({ failure_threshold: 1, open_s: 30 });
    const bench = use({ a: { reply: answers(() => LOST) } }, { circuitBreaker: breaker });
    const [report, ms] = await bench.run({
      calls: [call("a"), call("a")],
      max_concurrency: 1,
      max_attempts: 5,
      timeout: 20,
    });
    expect(report.results.map(({ error_type }) => error_type)).toEqual(["connection", "circuit_open"]);
    expect(report.results[1]?.retry_after_ms).toBeGreaterThan(29_000);
    expect(report.cancellation).toBeNull();
    expect(ms).toBeLessThan(100);
  });

  it("waits for the breaker's next probe when that fits into the deadline", async () => {
    const breaker = circuitBreakerOptions.parse({ failure_threshold: 1, open_s: 3 });
    const bench = use({ a: { reply: flaky(1, LOST) } }, { circuitBreaker: breaker });
    const [report] = await bench.run({
      calls: [call("a"), call("a")],
      max_concurrency: 1,
      max_attempts: 2,
      timeout: 20,
    });
    expect(report.results).toMatchObject([
      { error_type: "connection", attempts: 1 },
      { success: true, attempts: 2 },
    ]);
  });

  it("holds no slot while it waits", async () => {
    const bench = use({ a: { reply: flaky(4, UNSENT) }, b: { reply: answers(() => OK) } });
    const calls = [call("a"), call("b"), call("b")];
    const running = bench.batches.execute({ calls, max_concurrency: 1, max_attempts: 10 });
    await settlePromises();
    // The first attempt has failed and its retry waits; the one slot went on to the others.
    expect(bench.received("a")).toHaveLength(1);
    expect(bench.received("b")).toHaveLength(2);
    expect(bench.batches.itemsExecuting).toBe(0);
    await bench.platform.clock.advanceAsync(20_000);
    expect(await running).toMatchObject({ success: true });
  });

  it("that is cut short leaves the last failure as the outcome", async () => {
    const breaker = circuitBreakerOptions.parse({ failure_threshold: 1, open_s: 30 });
    const bench = use(
      { a: { reply: answers(() => LOST) }, b: { reply: answers(() => bench.later(500, LOST)) } },
      { circuitBreaker: breaker },
    );
    await bench.gateway.callTool({ server: "a", tool: "do" });
    bench.bus.clear();
    const [report, ms] = await bench.run({ calls: [call("a"), call("b")], max_attempts: 2, fail_fast: true });
    expect(report).toMatchObject({ cancellation: "fail_fast" });
    expect(report.results.map(({ error_type }) => error_type)).toEqual(["circuit_open", "connection"]);
    expect(ms).toBeLessThan(600);
    expect(bench.finished().items).toMatchObject({ error: 2, cancelled: 0 });
  });
});
