import { hash } from "node:crypto";
import type { CallFacts } from "@mcp-hangar/telemetry";

/** Hex digits of the id of a trace, and of an observation. */
const TRACE_ID_DIGITS = 32;
const SPAN_ID_DIGITS = 16;

/** Where an observation stands. */
export interface TraceIdentity {
  readonly traceId: string;
  readonly spanId: string;
  /** The observation above it; `undefined` where it begins a trace of its own or stands beside others. */
  readonly parentSpanId: string | undefined;
  /** What the caller calls the trace, where Langfuse calls it otherwise. */
  readonly originalTraceId: string | undefined;
}

/**
 * The trace id of Langfuse for an id of any form: 32 lower-case hexadecimal digits stay as they are, of anything else it is the first
 * 32 of its SHA-256, which is what `createTraceId(seed)` of the SDKs of Langfuse makes of it.
 */
export function langfuseTraceId(id: string): string {
  return /^(?!0{32})[0-9a-f]{32}$/.test(id) ? id : digest(id).slice(0, TRACE_ID_DIGITS);
}

/**
 * The trace that the caller names comes first; else it is the W3C trace that the call is part of, below the span that called; else the
 * batch, and else the call alone. `namedTraceId` is what the caller named, as it came: facts hide what looks like a secret in it, and
 * then all such traces would be one. The id of the observation follows from that of the call, so that sending it twice makes one.
 */
export function traceIdentity(facts: CallFacts, namedTraceId: string | undefined): TraceIdentity {
  const { callId, correlationId, trace, batch } = facts;
  const spanId = spanIdOf(callId);
  if (namedTraceId !== undefined) {
    const traceId = langfuseTraceId(namedTraceId);
    const parentSpanId = trace?.traceId === traceId ? trace.spanId : undefined;
    return { traceId, spanId, parentSpanId, originalTraceId: traceId === namedTraceId ? undefined : correlationId };
  }
  if (trace !== undefined) {
    return { traceId: trace.traceId, spanId, parentSpanId: trace.spanId, originalTraceId: undefined };
  }
  const traceId = digest(`mcp-hangar ${batch?.id ?? callId}`).slice(0, TRACE_ID_DIGITS);
  return { traceId, spanId, parentSpanId: undefined, originalTraceId: undefined };
}

/** The id of an observation, made of anything that is unique. */
export function spanIdOf(unique: string): string {
  return digest(`observation ${unique}`).slice(0, SPAN_ID_DIGITS);
}

/** Whether a trace is among the share that is sent: the same answer for all of its calls, at every gateway. */
export function isSampled(traceId: string, rate: number): boolean {
  if (rate >= 1) return true;
  // Callers choose ids; their digest is evenly spread whatever they choose.
  return Number.parseInt(digest(`sample ${traceId}`).slice(0, 12), 16) / 2 ** 48 < rate;
}

function digest(text: string): string {
  return hash("sha256", text, "hex");
}
