import { parseTraceparent } from "@mcp-hangar/telemetry";
import { type Context, context, defaultTextMapGetter, defaultTextMapSetter, trace } from "@opentelemetry/api";
import { W3CBaggagePropagator, W3CTraceContextPropagator } from "@opentelemetry/core";

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
  const active = context.active();
  w3c.inject(active, carrier, defaultTextMapSetter);
  if (options.baggage === true) baggage.inject(active, carrier, defaultTextMapSetter);
  return carrier;
}

/**
 * The context that `carrier` brings, to be the parent of spans: `context.with(extractTraceContext(params._meta), …)`. A carrier that
 * brings none, or a malformed one, gives the active context: it never makes an empty parent.
 */
export function extractTraceContext(carrier: Readonly<Record<string, unknown>> | undefined): Context {
  const active = context.active();
  const traceparent = carrier?.traceparent;
  if (carrier === undefined || typeof traceparent !== "string" || parseTraceparent(traceparent) === undefined)
    return active;
  return baggage.extract(w3c.extract(active, carrier, defaultTextMapGetter), carrier, defaultTextMapGetter);
}

/** Runs `work` in the trace that `carrier` brings. */
export function withTraceContext<Result>(
  carrier: Readonly<Record<string, unknown>> | undefined,
  work: () => Result,
): Result {
  return context.with(extractTraceContext(carrier), work);
}

/** The id of the trace that runs now, as 32 hexadecimal digits; `undefined` when none does. */
export function getCurrentTraceId(): string | undefined {
  const spanContext = trace.getActiveSpan()?.spanContext();
  return spanContext !== undefined && trace.isSpanContextValid(spanContext) ? spanContext.traceId : undefined;
}
