import { isValidSpanId, isValidTraceId } from "@opentelemetry/api";
import { expect, test } from "vitest";
import { SpanIds } from "./span-ids.ts";

test("ids are valid, and none comes twice, in whatever order they are asked for", () => {
  const ids = new SpanIds();
  const seen = new Set<string>();
  for (let at = 0; at < 20_000; at++) {
    const [traceId, spanId] = [ids.generateTraceId(), ids.generateSpanId()];
    expect(isValidTraceId(traceId) && isValidSpanId(spanId)).toBe(true);
    seen.add(traceId).add(spanId);
    if (at % 3 === 0) seen.add(ids.generateSpanId());
  }
  expect(seen.size).toBe(20_000 * 2 + Math.ceil(20_000 / 3));
});
