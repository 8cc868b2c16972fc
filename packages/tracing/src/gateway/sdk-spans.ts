import { type Link, ROOT_CONTEXT, type SpanContext, SpanStatusCode, TraceFlags, trace } from "@opentelemetry/api";
import { millisToHrTime, TraceState } from "@opentelemetry/core";
import type { Resource } from "@opentelemetry/resources";
import { AlwaysOnSampler, type IdGenerator, type ReadableSpan, TracerProvider } from "@opentelemetry/sdk-trace";
import { type Environment, text } from "../otlp/destination.ts";
import type { SpanLink, SpanRecord } from "./span-record.ts";

const SCOPE = "@mcp-hangar/tracing";

/** Makes a span of the SDK for a record. It has been decided before that it is exported. */
export type MakeSpan = (record: SpanRecord) => ReadableSpan;

/**
 * Lets the SDK make spans, with its own limits, resource and scope, of records that say everything: ids, times, parent. The ids were
 * given away while the span was running, so the SDK's generator of ids hands out those of the record.
 */
export function sdkSpans(
  { resource, version }: { readonly resource: Resource; readonly version: string | undefined },
  env: Environment,
): MakeSpan {
  let made: ReadableSpan | undefined;
  let next: SpanRecord | undefined;
  const idOf = (id: "traceId" | "spanId"): string => {
    if (next === undefined) throw new Error("a span is made of a record only");
    return next[id];
  };
  const idGenerator: IdGenerator = { generateTraceId: () => idOf("traceId"), generateSpanId: () => idOf("spanId") };
  const provider = new TracerProvider({
    resource,
    idGenerator,
    sampler: new AlwaysOnSampler(),
    spanLimits: limitsOf(env),
    spanProcessors: [
      {
        onStart() {},
        onEnd: (span) => {
          made = span;
        },
        forceFlush: async () => {},
        shutdown: async () => {},
      },
    ],
  });
  const tracer = provider.getTracer(SCOPE, version);
  return (record) => {
    next = record;
    const { name, kind, attributes, startMs, endMs, events = [], links = [], error } = record;
    const parent = parentContext(record);
    const context = parent === undefined ? ROOT_CONTEXT : trace.setSpanContext(ROOT_CONTEXT, parent);
    const options = {
      kind,
      attributes: { ...attributes },
      startTime: millisToHrTime(startMs),
      links: links.map(linkTo),
    };
    const span = tracer.startSpan(name, options, context);
    for (const event of events) span.addEvent(event.name, { ...event.attributes }, millisToHrTime(event.timeMs));
    if (error !== undefined) {
      span.setStatus({ code: SpanStatusCode.ERROR, ...(error !== "" && { message: error }) });
    }
    span.end(millisToHrTime(Math.max(startMs, endMs)));
    if (made === undefined) throw new Error("the SDK has recorded no span");
    return made;
  };
}

function parentContext({ traceId, parent }: SpanRecord): SpanContext | undefined {
  if (parent === undefined) return undefined;
  const { spanId, isRemote, tracestate } = parent;
  return {
    traceId,
    spanId,
    isRemote,
    traceFlags: TraceFlags.SAMPLED,
    ...(tracestate !== undefined && { traceState: new TraceState(tracestate) }),
  };
}

function linkTo({ traceId, spanId, sampled }: SpanLink): Link {
  return { context: { traceId, spanId, traceFlags: sampled ? TraceFlags.SAMPLED : TraceFlags.NONE } };
}

/** Limits of the specification (https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/), which the SDK does not read by itself. */
function limitsOf(env: Environment): { attributeValueLengthLimit?: number; attributeCountLimit?: number } {
  const value = limit(env.OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT) ?? limit(env.OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT);
  const count = limit(env.OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT) ?? limit(env.OTEL_ATTRIBUTE_COUNT_LIMIT);
  return {
    ...(value !== undefined && { attributeValueLengthLimit: value }),
    ...(count !== undefined && { attributeCountLimit: count }),
  };
}

function limit(variable: string | undefined): number | undefined {
  const number = Number(text(variable) ?? Number.NaN);
  return Number.isInteger(number) && number >= 0 ? number : undefined;
}
