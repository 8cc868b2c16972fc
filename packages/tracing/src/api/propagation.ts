import { parseTraceparent } from "@mcp-hangar/telemetry";
import {
  type Context,
  defaultTextMapGetter,
  defaultTextMapSetter,
  isSpanContextValid,
  TraceFlags,
  trace,
} from "@opentelemetry/api";
import { TraceState, W3CBaggagePropagator, W3CTraceContextPropagator } from "@opentelemetry/core";
import { contextManager } from "../global-api.ts";

/** Where trace context travels: `params._meta` of MCP, or headers. MCP demands W3C's names, whatever the service propagates otherwise. */
const w3c = new W3CTraceContextPropagator();
const baggage = new W3CBaggagePropagator();

export interface InjectOptions {
  /** Whether the baggage goes along; a server that nobody vouched for must not read it. False when absent. */
  readonly baggage?: boolean;
}

/**
 * Writes the context of the active span into `carrier` as `traceparent` and `tracestate`, such as `params._meta` of a request or the
 * headers of an HTTP request, and returns it. Nothing is written when no span is active.
 */
export function injectTraceContext<Carrier extends Record<string, unknown>>(
  carrier: Carrier,
  options: InjectOptions = {},
): Carrier {
  const active = contextManager().active();
  w3c.inject(active, carrier, defaultTextMapSetter);
  if (options.baggage === true) baggage.inject(active, carrier, defaultTextMapSetter);
  return carrier;
}

/**
 * The context that `carrier` brings, to be the parent of spans: `context.with(extractTraceContext(params._meta), …)`. A carrier that
 * brings none, or a malformed one, gives the active context: it never makes an empty parent. Whoever sends it may write anything into it: what
 * is no text is left out.
 */
export function extractTraceContext(carrier: Readonly<Record<string, unknown>> | null | undefined): Context {
  const active = contextManager().active();
  const parent = parseTraceparent(textIn(carrier, "traceparent"));
  if (parent === undefined) return active;
  const { traceId, spanId, sampled } = parent;
  const tracestate = textIn(carrier, "tracestate");
  const ofCaller = trace.setSpanContext(active, {
    traceId,
    spanId,
    // Flags that this version does not know must not be handed on (https://www.w3.org/TR/trace-context/#other-flags).
    traceFlags: sampled ? TraceFlags.SAMPLED : TraceFlags.NONE,
    isRemote: true,
    ...(tracestate !== undefined && { traceState: new TraceState(tracestate) }),
  });
  return baggage.extract(ofCaller, { baggage: textIn(carrier, "baggage") }, defaultTextMapGetter);
}

function textIn(carrier: Readonly<Record<string, unknown>> | null | undefined, name: string): string | undefined {
  const value = carrier?.[name];
  return typeof value === "string" ? value : undefined;
}

/** Runs `work` in the trace that `carrier` brings. */
export function withTraceContext<Result>(
  carrier: Readonly<Record<string, unknown>> | null | undefined,
  work: () => Result,
): Result {
  return contextManager().with(extractTraceContext(carrier), work);
}

/** The id of the trace that runs now, as 32 hexadecimal digits; `undefined` when none does. */
export function getCurrentTraceId(): string | undefined {
  const spanContext = trace.getSpanContext(contextManager().active());
  return spanContext !== undefined && isSpanContextValid(spanContext) ? spanContext.traceId : undefined;
}
