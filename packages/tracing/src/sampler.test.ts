import { ROOT_CONTEXT, SpanKind, TraceFlags, trace } from "@opentelemetry/api";
import { SamplingDecision } from "@opentelemetry/sdk-trace";
import { describe, expect, test } from "vitest";
import { samplerOf } from "./sampler.ts";

const RECORDED = SamplingDecision.RECORD_AND_SAMPLED;
/** Trace ids in the order in which a sampler by ratio takes them. */
const LOW_ID = `0000000${"1".repeat(25)}`;
const HIGH_ID = `${"f".repeat(8)}${"0".repeat(24)}`;

function decides(sampler: ReturnType<typeof samplerOf>, traceId: string, parentSampled?: boolean): boolean {
  const spanContext = {
    traceId,
    spanId: "b".repeat(16),
    isRemote: true,
    traceFlags: parentSampled === true ? TraceFlags.SAMPLED : TraceFlags.NONE,
  };
  const context = parentSampled === undefined ? ROOT_CONTEXT : trace.setSpanContext(ROOT_CONTEXT, spanContext);
  return sampler.shouldSample(context, traceId, "", SpanKind.SERVER, {}, []).decision === RECORDED;
}

describe("the sampler", () => {
  test("takes every trace that begins here, and follows the caller's decision, unless told otherwise", () => {
    const sampler = samplerOf(undefined, {});
    expect(decides(sampler, HIGH_ID)).toBe(true);
    expect(decides(sampler, LOW_ID, false)).toBe(false);
    expect(decides(sampler, HIGH_ID, true)).toBe(true);
  });

  test.each([
    ["always_on", undefined, { root: true, low: true, refused: true }],
    ["always_off", undefined, { root: false, low: false, refused: false }],
    ["traceidratio", "0.5", { root: false, low: true, refused: true }],
    ["parentbased_always_on", undefined, { root: true, low: true, refused: false }],
    ["parentbased_always_off", undefined, { root: false, low: false, refused: false }],
    ["parentbased_traceidratio", "0.5", { root: false, low: true, refused: false }],
    ["parentbased_traceidratio", undefined, { root: true, low: true, refused: false }],
    ["parentbased_traceidratio", " ", { root: true, low: true, refused: false }],
    [" TraceIdRatio ", " 0.5 ", { root: false, low: true, refused: true }],
    ["always_on", "nonsense", { root: true, low: true, refused: true }],
    [" ", undefined, { root: true, low: true, refused: false }],
  ])("%s with the argument %s is what the specification says", (name, argument, expected) => {
    const sampler = samplerOf(undefined, { OTEL_TRACES_SAMPLER: name, OTEL_TRACES_SAMPLER_ARG: argument });
    expect({
      root: decides(sampler, HIGH_ID),
      low: decides(sampler, LOW_ID),
      refused: decides(sampler, LOW_ID, false),
    }).toEqual(expected);
  });

  test("takes the part of the traces that it is asked to", () => {
    expect(decides(samplerOf(0.5, {}), LOW_ID)).toBe(true);
    expect(decides(samplerOf(0.5, {}), HIGH_ID)).toBe(false);
    expect(decides(samplerOf(0, {}), LOW_ID)).toBe(false);
  });

  test.each(["jaeger_remote", "parentbased_jaeger_remote", "xray", "constructor", "always on"])(
    "does not take %s for a sampler",
    (name) => {
      expect(() => samplerOf(undefined, { OTEL_TRACES_SAMPLER: name })).toThrow(/may be one of always_on, /);
    },
  );

  test.each(["1.5", "-1", "half", "NaN", "50%", "0,5", "Infinity"])("does not take %s for a ratio", (argument) => {
    const env = { OTEL_TRACES_SAMPLER: "traceidratio", OTEL_TRACES_SAMPLER_ARG: argument };
    expect(() => samplerOf(undefined, env)).toThrow(/from 0 to 1/);
  });
});
