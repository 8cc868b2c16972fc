import { describe, expect, it } from "vitest";
import { resultReply } from "../../src/testing/index.ts";
import { answers, OK } from "../fake-answers.ts";
import { call, times, useBench } from "./bench.ts";

const use = useBench();

describe("a batch", () => {
  it("reports on every call, in the order of the request, and is counted once", async () => {
    const bench = use({ a: { reply: answers(() => OK) } });
    const [report, ms] = await bench.run({ calls: [call("a", { id: "first" }), call("nowhere"), call("a")] });
    expect(report).toMatchObject({ success: false, total: 3, succeeded: 2, failed: 1, cancellation: null });
    const callIds = bench.bus.of("call.finished").map(({ callId }) => callId);
    expect(report.results).toMatchObject([
      { index: 0, id: "first", success: true, result: { content: [{ text: "ok" }] }, error: null, attempts: 1 },
      { index: 1, success: false, result: null, error_type: "unknown_tool", error: expect.stringContaining("nowhere") },
      { index: 2, success: true, error_type: null },
    ]);
    expect(new Set(report.results.map(({ call_id }) => call_id))).toEqual(new Set(callIds));
    expect(bench.finished()).toMatchObject({
      batchId: report.batch_id,
      result: "partial",
      size: 3,
      items: { success: 2, error: 0, timeout: 0, rejected: 1, cancelled: 0 },
      cancellation: undefined,
    });
    expect(ms).toBeLessThan(100);
  });

  it.each([
    ["success", { calls: [call("a")] }],
    ["partial", { calls: [call("a"), call("nowhere")] }],
    ["failure", { calls: [call("nowhere"), call("nowhere")] }],
  ])("counts as %s", async (result, request) => {
    const bench = use({ a: { reply: answers(() => OK) } });
    await bench.run(request);
    expect(bench.finished().result).toBe(result);
  });

  it("runs nothing of a request that is wrong anywhere, says all that is, and is counted", async () => {
    const bench = use({ a: { reply: answers(() => OK) } });
    const answer = await bench.batches.execute({ calls: [call("a"), { server: "a" }, call("a", { timeout: 0 })] });
    expect(answer).toMatchObject({
      success: false,
      error_type: "validation_error",
      errors: [
        { index: 1, field: "tool" },
        { index: 2, field: "timeout" },
      ],
    });
    expect(bench.statuses()).toEqual([]);
    expect(bench.finished()).toMatchObject({
      result: "validation_error",
      size: 3,
      items: { success: 0, error: 0, timeout: 0, rejected: 0, cancelled: 0 },
    });
  });

  it("gives a failed tool's result along with the failure", async () => {
    const bench = use({
      a: { reply: answers(() => resultReply({ isError: true, content: [{ type: "text", text: "no" }] })) },
    });
    const [report] = await bench.run({ calls: [call("a")] });
    expect(report.results[0]).toMatchObject({
      success: false,
      error_type: "tool_error",
      result: { content: [{ text: "no" }] },
    });
  });

  it("gives the upstream's own error with its code", async () => {
    const bench = use({
      a: { reply: answers(() => ({ kind: "error", error: { code: -32_603, message: "broken" } })) },
    });
    const [report] = await bench.run({ calls: [call("a")] });
    expect(report.results[0]).toMatchObject({ error_type: "upstream_error", error_code: -32_603, result: null });
    expect(report.results[0]?.error).toContain("broken");
  });

  it.each([1, 3, 10])("runs no more than max_concurrency calls at a time: %i", async (limit) => {
    let most = 0;
    const slow = answers(() => {
      most = Math.max(most, bench.batches.itemsExecuting);
      return bench.later(100, OK);
    });
    const bench = use({ a: { reply: slow }, b: { reply: slow } });
    const calls = times(40, (index) => call(index % 2 === 0 ? "a" : "b"));
    const [report, ms] = await bench.run({ calls, max_concurrency: limit });
    expect(report.succeeded).toBe(40);
    expect(most).toBe(limit);
    expect(ms).toBeLessThanOrEqual((40 / limit + 1) * 110);
  });

  it("starts cold servers in parallel, each once", async () => {
    const cold = { openDelayMs: 2_000, reply: answers(() => OK) };
    const bench = use({ a: cold, b: cold, c: cold });
    const [report, ms] = await bench.run({ calls: times(9, (index) => call("abc".charAt(index % 3))) });
    expect(report.succeeded).toBe(9);
    expect(ms).toBeLessThan(2_100);
    expect(Object.values(bench.transports).map(({ attempts }) => attempts)).toEqual([1, 1, 1]);
  });
});
