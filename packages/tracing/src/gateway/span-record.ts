import type { AttributeList, SpanAttributes, TraceCarrier } from "@mcp-hangar/telemetry";
import type { SpanKind } from "@opentelemetry/api";

/** A span that has ended, before it is encoded. Times are milliseconds since the epoch, with fractions. */
export interface SpanRecord {
  readonly traceId: string;
  readonly spanId: string;
  readonly parent: SpanParent | undefined;
  readonly name: string;
  readonly kind: SpanKind;
  readonly startMs: number;
  readonly endMs: number;
  readonly attributes: AttributeList;
  readonly events?: readonly SpanEvent[];
  readonly links?: readonly SpanLink[];
  /** What went wrong; absent when nothing did. An empty message is one that is not known. */
  readonly error?: string | undefined;
}

export interface SpanParent {
  readonly spanId: string;
  /** Whether it is a span of another process. */
  readonly isRemote: boolean;
  readonly tracestate: string | undefined;
}

/** A moment in a span. */
export interface SpanEvent {
  readonly name: string;
  readonly timeMs: number;
  readonly attributes: SpanAttributes;
}

/** Another span that has to do with it. */
export interface SpanLink {
  readonly traceId: string;
  readonly spanId: string;
  readonly sampled: boolean;
}

/** The trace context that is handed on, for the span with these ids. */
export function carrierOf(
  { traceId, spanId, sampled }: SpanLink,
  tracestate: string | undefined,
  baggage?: string,
): TraceCarrier {
  return {
    traceparent: `00-${traceId}-${spanId}-${sampled ? "01" : "00"}`,
    ...(tracestate !== undefined && { tracestate }),
    ...(baggage !== undefined && { baggage }),
  };
}
