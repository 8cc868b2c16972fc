import { poll } from "@mcp-hangar/testing";
import { afterAll, beforeAll, expect, test } from "vitest";
import {
  isServed,
  metaOfItems,
  onlySpan,
  startTracedGateway,
  type TracedGateway,
} from "../../src/harness/traced-gateway.ts";

/** As many as a batch may have. */
const ITEMS = 100;
const SERVERS = ["pipe", "trusted", "http", "second"] as const;

let traced: TracedGateway;

beforeAll(async () => {
  traced = await startTracedGateway();
});

afterAll(async () => {
  await traced?.[Symbol.asyncDispose]();
});

/** A caller sends a batch whose items belong to traces of their own. */
async function sendBatch() {
  const caller = traced.newAgent();
  const parents = Array.from({ length: ITEMS }, () => traced.newAgent());
  const calls = parents.map(({ traceparent, spanId }, index) => ({
    server: SERVERS[index % SERVERS.length],
    tool: "meta",
    arguments: {},
    _meta: { traceparent, baggage: `parent=${spanId}` },
  }));
  const { message } = await traced.call("hangar_call", { calls }, { traceparent: caller.traceparent });
  return { caller, parents, told: metaOfItems(message) };
}

test("items of two batches at the same time, each with a parent of its own, stand under that parent and no other", async () => {
  const batches = await Promise.all([sendBatch(), sendBatch()]);
  const traces = batches.flatMap(({ caller, parents }) => [caller, ...parents].map(({ traceId }) => traceId));
  expect(new Set(traces).size).toBe(2 * (ITEMS + 1));
  const spansOf = await poll("the spans of all traces", () => {
    const found = Map.groupBy(traced.receiver.spans, ({ traceId }) => traceId);
    const isWhole = batches.every(
      ({ caller, parents }) =>
        isServed(found.get(caller.traceId) ?? []) &&
        parents.every(({ traceId }) => (found.get(traceId) ?? []).some(({ kind }) => kind === "SPAN_KIND_CLIENT")),
    );
    return isWhole && found;
  });
  for (const { caller, parents, told } of batches) {
    const own = spansOf.get(caller.traceId) ?? [];
    const batch = onlySpan(own, "INTERNAL", "batch");
    expect(onlySpan(own, "SERVER").parentSpanId).toBe(caller.spanId);
    expect(batch.parentSpanId).toBe(onlySpan(own, "SERVER").spanId);
    // Its items are in other traces.
    expect(own).toHaveLength(2);
    for (const [index, parent] of parents.entries()) {
      const spans = spansOf.get(parent.traceId) ?? [];
      const call = onlySpan(spans, "INTERNAL", "tools/call meta");
      const attempt = onlySpan(spans, "CLIENT");
      expect(call).toMatchObject({
        parentSpanId: parent.spanId,
        attributes: { "mcp.batch.index": BigInt(index), "mcp.server.id": SERVERS[index % SERVERS.length] },
        links: [{ traceId: caller.traceId, spanId: batch.spanId }],
      });
      expect(attempt.parentSpanId).toBe(call.spanId);
      expect(told[index]?.traceparent).toBe(`00-${parent.traceId}-${attempt.spanId}-01`);
      const mayHaveIt = SERVERS[index % SERVERS.length] === "trusted";
      expect(told[index]?.baggage).toBe(mayHaveIt ? `parent=${parent.spanId}` : undefined);
    }
  }
});
