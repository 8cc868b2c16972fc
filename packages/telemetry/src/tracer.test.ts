import { describe, expect, test } from "vitest";
import { LIBRARY_CLIENT } from "./participants.ts";
import { registeredName } from "./registered-name.ts";
import { sampleEvents } from "./testing/index.ts";
import { type CallTracer, parseTraceparent, passThrough, passThroughTracer, type TraceCarrier } from "./tracer.ts";

const TRACE_ID = "4bf92f3577b34da6a3ce929d0e0e4736";
const SPAN_ID = "00f067aa0ba902b7";
const SAMPLED = `00-${TRACE_ID}-${SPAN_ID}-01`;

describe("parseTraceparent", () => {
  test("reads the ids and the sampled flag", () => {
    expect(parseTraceparent(SAMPLED)).toEqual({ traceId: TRACE_ID, spanId: SPAN_ID, sampled: true });
    expect(parseTraceparent(`00-${TRACE_ID}-${SPAN_ID}-00`)?.sampled).toBe(false);
  });

  test("looks only at the sampled bit of the flags", () => {
    expect(parseTraceparent(`00-${TRACE_ID}-${SPAN_ID}-03`)?.sampled).toBe(true);
    expect(parseTraceparent(`00-${TRACE_ID}-${SPAN_ID}-02`)?.sampled).toBe(false);
  });

  test("reads a later version, which may carry more fields", () => {
    expect(parseTraceparent(`01-${TRACE_ID}-${SPAN_ID}-01-what-the-future-brings`)?.traceId).toBe(TRACE_ID);
    expect(parseTraceparent(`cc-${TRACE_ID}-${SPAN_ID}-01`)?.traceId).toBe(TRACE_ID);
  });

  test.each<[string, string | undefined]>([
    ["nothing", undefined],
    ["an empty string", ""],
    ["a word", "traceparent"],
    ["the forbidden version ff", `ff-${TRACE_ID}-${SPAN_ID}-01`],
    ["more fields in version 00", `${SAMPLED}-extra`],
    ["a dash at the end of version 00", `${SAMPLED}-`],
    ["an all-zero trace id", `00-${"0".repeat(32)}-${SPAN_ID}-01`],
    ["an all-zero span id", `00-${TRACE_ID}-${"0".repeat(16)}-01`],
    ["upper-case digits", `00-${TRACE_ID.toUpperCase()}-${SPAN_ID}-01`],
    ["a trace id that is too short", `00-${TRACE_ID.slice(1)}-${SPAN_ID}-01`],
    ["a trace id that is too long", `00-${TRACE_ID}0-${SPAN_ID}-01`],
    ["a missing flag digit", `00-${TRACE_ID}-${SPAN_ID}-1`],
    ["digits of another script", `00-${TRACE_ID}-${SPAN_ID}-０1`],
    ["a line break at the end", `${SAMPLED}\n`],
    ["a forged header behind a later version", `01-${TRACE_ID}-${SPAN_ID}-01-x\r\nHost: evil`],
    ["a leading space", ` ${SAMPLED}`],
    ["two values in one header", `${SAMPLED},${SAMPLED}`],
  ])("takes %s for no parent", (_what, traceparent) => {
    expect(parseTraceparent(traceparent)).toBeUndefined();
  });

  test("refuses a huge value at once", () => {
    expect(parseTraceparent("0".repeat(5_000_000))).toBeUndefined();
    expect(parseTraceparent(`00-${TRACE_ID}-${SPAN_ID}-01-${"-".repeat(5_000_000)}`)).toBeUndefined();
  });
});

describe("passThroughTracer", () => {
  const start = (parent: TraceCarrier, tracer: CallTracer = passThroughTracer) =>
    tracer.startCall({
      server: "math",
      tool: "add",
      method: "tools/call",
      origin: "mcp",
      caller: { type: "local", id: registeredName("local"), roles: [], credential: "local" },
      client: LIBRARY_CLIENT,
      batchId: undefined,
      parent,
      link: undefined,
    });
  const sent = (parent: TraceCarrier): TraceCarrier => start(parent).startAttempt("math").outbound;

  test("hands the caller's trace context on to the upstream", () => {
    const span = start({ traceparent: SAMPLED, tracestate: "vendor=value" });
    expect(span.startAttempt("math").outbound).toEqual({ traceparent: SAMPLED, tracestate: "vendor=value" });
    expect(span.trace).toEqual({ traceId: TRACE_ID, spanId: SPAN_ID, sampled: true });
  });

  test("keeps the caller's baggage from the upstream", () => {
    expect(sent({ traceparent: SAMPLED, baggage: "customer=42" })).toEqual({ traceparent: SAMPLED });
  });

  test("hands baggage to servers that may have it, through batches as well, with a trace and without", () => {
    const tracer = passThrough((server) => server === "math");
    const parent = { traceparent: SAMPLED, baggage: "customer=42" };
    const batch = tracer.startBatch({ batchId: "batch", size: 1, parent, link: undefined });
    const span = start(batch.outbound, tracer);
    expect(span.startAttempt("math").outbound).toEqual(parent);
    expect(span.startAttempt("other").outbound).toEqual({ traceparent: SAMPLED });
    const alone = start({ baggage: "customer=42" }, tracer);
    expect(alone.startAttempt("math").outbound).toEqual({ baggage: "customer=42" });
    expect(alone.startAttempt("other").outbound).toEqual({});
    const untransportable = start({ traceparent: SAMPLED, baggage: "a=b\r\nHost: evil" }, tracer);
    expect(untransportable.startAttempt("math").outbound).toEqual({ traceparent: SAMPLED });
  });

  test.each([undefined, "", "garbage"])("invents no context when the caller sends %j", (traceparent) => {
    const span = start({ traceparent, tracestate: "vendor=value" });
    expect(span.startAttempt("math").outbound).toEqual({});
    expect(span.trace).toBeUndefined();
  });

  test.each(["a=b\r\nHost: evil", "a=\u00fc", "", `a=${"b".repeat(511)}`])(
    "drops the tracestate %j, which cannot travel in a header, and keeps the trace",
    (tracestate) => {
      expect(sent({ traceparent: SAMPLED, tracestate })).toEqual({ traceparent: SAMPLED });
    },
  );

  test("has methods that do nothing", () => {
    const [call] = sampleEvents();
    if (call?.type !== "call.finished") throw new Error("the first sample is a call");
    const span = start({});
    expect(() => {
      span.event("retry", { attempt: 1 });
      span.end(call);
    }).not.toThrow();
  });
});
