import { OtlpReceiver } from "@mcp-hangar/testing/otlp";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { TraceExporter, TraceExporterOptions } from "../src/index.ts";
import { failure, makeCall, startExporter } from "./bench.ts";

let receiver: OtlpReceiver;
let exporter: TraceExporter;

beforeEach(async () => {
  receiver = await OtlpReceiver.start();
});

afterEach(async () => {
  await exporter?.close(0);
  await receiver.close();
});

async function tracesOf(options: Partial<TraceExporterOptions>, work: () => void): Promise<ReadonlySet<string>> {
  ({ exporter } = await startExporter({ endpoint: receiver.httpUrl, ...options }));
  work();
  await exporter.close(60_000);
  return new Set(receiver.spans.map(({ traceId }) => traceId));
}

const parentOf = (digit: string, flags: string): string => `00-${digit.repeat(32)}-${"b".repeat(16)}-${flags}`;

const NEVER = { OTEL_TRACES_SAMPLER: "parentbased_always_off" };

test("a failed call is exported though it was not sampled, and a successful one is not", async () => {
  let failed = "";
  const traces = await tracesOf({ env: NEVER }, () => {
    makeCall(exporter);
    failed = makeCall(exporter, failure);
  });
  expect(traces).toEqual(new Set([failed]));
});

test("a slow call is exported though it was not sampled", async () => {
  const wantsSlow = { keep: { errors: false, slowMs: 0 }, env: NEVER };
  let slow = "";
  const traces = await tracesOf(wantsSlow, () => {
    slow = makeCall(exporter);
  });
  expect(traces).toEqual(new Set([slow]));
});

/** Calls under a parent that is sampled, under one that is not, and under none: those of which a span is sent. */
test.each([
  [undefined, undefined, ["sampled", "none"]],
  ["always_on", undefined, ["sampled", "refused", "none"]],
  ["always_off", undefined, []],
  ["traceidratio", "1", ["sampled", "refused", "none"]],
  ["traceidratio", "0", []],
  ["parentbased_always_on", "ignored", ["sampled", "none"]],
  ["parentbased_always_off", undefined, ["sampled"]],
  ["parentbased_traceidratio", "0", ["sampled"]],
  ["parentbased_traceidratio", "1", ["sampled", "none"]],
  ["ParentBased_Always_Off", undefined, ["sampled"]],
] as const)(
  "with OTEL_TRACES_SAMPLER %s and the argument %s is sent what the specification says",
  async (name, argument, sent) => {
    const env = {
      ...(name !== undefined && { OTEL_TRACES_SAMPLER: name }),
      ...(argument !== undefined && { OTEL_TRACES_SAMPLER_ARG: argument }),
    };
    const parents = { sampled: parentOf("a", "01"), refused: parentOf("c", "00"), none: undefined };
    const made = new Map<string, string>();
    const traces = await tracesOf({ env }, () => {
      for (const [of, parent] of Object.entries(parents)) made.set(makeCall(exporter, undefined, parent), of);
    });
    expect([...made].filter(([traceId]) => traces.has(traceId)).map(([, of]) => of)).toEqual(sent);
  },
);

test.each([
  [{ OTEL_TRACES_SAMPLER: "xray" }, /OTEL_TRACES_SAMPLER is "xray"; it may be one of always_on, /],
  [
    { OTEL_TRACES_SAMPLER: "traceidratio", OTEL_TRACES_SAMPLER_ARG: "50%" },
    /OTEL_TRACES_SAMPLER_ARG is "50%"; a ratio/,
  ],
])("the environment %j is refused at the start", async (env, message) => {
  await expect(startExporter({ endpoint: receiver.httpUrl, env })).rejects.toThrow(message);
});

test("nothing is exported that neither the sampler nor a rule wants", async () => {
  const traces = await tracesOf({ env: NEVER, keep: { errors: false, slowMs: undefined } }, () => {
    makeCall(exporter, failure);
  });
  expect(traces).toEqual(new Set());
});

test("the caller's decision is followed and handed on, and a call that is kept in spite of it says so where it is told of", async () => {
  ({ exporter } = await startExporter({ endpoint: receiver.httpUrl }));
  const start = {
    server: "math",
    tool: "add",
    method: "tools/call",
    origin: "mcp",
    caller: failure.caller,
    client: failure.client,
    batchId: undefined,
    parent: { traceparent: `00-${"a".repeat(32)}-${"b".repeat(16)}-00` },
    link: undefined,
  } as const;
  const span = exporter.tracer.startCall(start);
  expect(span.startAttempt("math").outbound.traceparent).toMatch(/-00$/);
  expect(span.trace).toMatchObject({ sampled: false });
  span.end(failure);
  // Log lines and exemplars are written after the end.
  expect(span.trace).toMatchObject({ sampled: true, traceId: "a".repeat(32) });
});

test("a batch of which one call fails is exported as a whole", async () => {
  const traces = await tracesOf({ env: NEVER }, () => {
    const batch = exporter.tracer.startBatch({ batchId: "batch", size: 3, parent: {}, link: undefined });
    makeCall(exporter, undefined, batch.outbound.traceparent);
    makeCall(exporter, failure, batch.outbound.traceparent);
    makeCall(exporter, undefined, batch.outbound.traceparent);
    batch.end("partial");
  });
  expect(traces.size).toBe(1);
  expect(receiver.spans.map(({ name }) => name).toSorted()).toEqual(["batch", ...Array(3).fill("tools/call add")]);
  const [batch] = receiver.spans.filter(({ name }) => name === "batch");
  for (const call of receiver.spans.filter(({ name }) => name !== "batch"))
    expect(call.parentSpanId).toBe(batch?.spanId);
});
