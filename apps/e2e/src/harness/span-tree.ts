import { poll } from "@mcp-hangar/testing";
import type { OtlpReceiver, ReceivedSpan } from "@mcp-hangar/testing/otlp";

/** A span with those beneath it. */
export interface SpanNode {
  readonly span: ReceivedSpan;
  readonly children: readonly SpanNode[];
}

/** Waits until the spans of a trace are there, as many as `complete` wants to see. */
export function spansOfTrace(
  receiver: OtlpReceiver,
  traceId: string,
  complete: (spans: readonly ReceivedSpan[]) => boolean,
): Promise<readonly ReceivedSpan[]> {
  return poll(`the spans of the trace ${traceId}`, () => {
    const spans = receiver.spans.filter((span) => span.traceId === traceId);
    return complete(spans) && spans;
  });
}

/** The spans beneath `parentSpanId`, in the order in which they began. */
export function treeUnder(spans: readonly ReceivedSpan[], parentSpanId: string | undefined): readonly SpanNode[] {
  return spans
    .filter((span) => span.parentSpanId === parentSpanId)
    .toSorted((one, other) => Number(one.startTimeUnixNano - other.startTimeUnixNano))
    .map((span) => ({ span, children: treeUnder(spans, span.spanId) }));
}

/** A tree as lines of kind and name, two blanks a level. */
export function outline(nodes: readonly SpanNode[], depth = 0): readonly string[] {
  return nodes.flatMap(({ span, children }) => [
    `${"  ".repeat(depth)}${span.kind.replace("SPAN_KIND_", "")} ${span.name}`,
    ...outline(children, depth + 1),
  ]);
}

/** A trace context as an agent would send it. */
export function agentContext(seed: number): {
  readonly traceId: string;
  readonly spanId: string;
  readonly traceparent: string;
} {
  const traceId = `a${seed.toString(16).padStart(31, "0")}`;
  const spanId = `b${seed.toString(16).padStart(15, "0")}`;
  return { traceId, spanId, traceparent: `00-${traceId}-${spanId}-01` };
}
