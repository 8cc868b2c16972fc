import {
  AttributeList,
  attributesOfOperation,
  type BatchSpan,
  type BatchStart,
  baggageOf,
  type CallSpan,
  type CallStart,
  type CallTracer,
  HANGAR_ATTRIBUTES as HANGAR,
  type OperationSpan,
  type OperationStart,
  OTEL_ATTRIBUTES as OTEL,
  type TraceCarrier,
  tracestateOf,
} from "@mcp-hangar/telemetry";
import { SpanKind } from "@opentelemetry/api";
import { GatewayCallSpan } from "./call-spans.ts";
import { DRAFT_BYTES } from "./local-trace.ts";
import type { ServerStarts } from "./server-starts.ts";
import { carrierOf, type SpanRecord } from "./span-record.ts";
import type { Begun, TracingCore } from "./tracing-core.ts";

/** Makes the spans of the gateway: operation → batch → call → attempt. */
export class GatewayTracer implements CallTracer {
  readonly #core: TracingCore;
  readonly #starts: ServerStarts;

  constructor(core: TracingCore, starts: ServerStarts) {
    this.#core = core;
    this.#starts = starts;
  }

  startCall(start: CallStart): CallSpan {
    return new GatewayCallSpan(start, this.#core, this.#starts);
  }

  startOperation(start: OperationStart): OperationSpan {
    const { begun, outbound } = this.#begin(start, SpanKind.SERVER);
    const name = start.tool === undefined ? start.operation : `tools/call ${start.tool}`;
    return {
      trace: begun.identity,
      outbound,
      end: (outcome) => {
        const isFailed = outcome !== "done";
        this.#end(begun, {
          name,
          kind: SpanKind.SERVER,
          isFailed,
          attributes: () => attributesOfOperation(start, outcome),
        });
      },
    };
  }

  startBatch(start: BatchStart): BatchSpan {
    const { begun, outbound } = this.#begin(start, SpanKind.INTERNAL);
    const { batchId, size } = start;
    return {
      trace: begun.identity,
      outbound,
      end: (result) => {
        const isFailed = result === "failure" || result === "cancelled";
        const attributes = AttributeList.of({
          [HANGAR.batchId]: batchId,
          [HANGAR.batchSize]: size,
          [HANGAR.batchResult]: result,
          ...(isFailed && { [OTEL.errorType]: result }),
        });
        this.#end(begun, { name: "batch", kind: SpanKind.INTERNAL, isFailed, attributes: () => attributes });
      },
    };
  }

  #begin(
    { parent, link }: { readonly parent: TraceCarrier; readonly link: TraceCarrier | undefined },
    kind: SpanKind,
  ): { readonly begun: Begun; readonly outbound: TraceCarrier } {
    const begun = this.#core.begin(parent, link, kind);
    this.#core.open(begun);
    const { traceId, spanId, local } = begun.identity;
    // Whether a server may have the baggage is decided where it is sent.
    const outbound = carrierOf({ traceId, spanId, sampled: local.sampled }, tracestateOf(parent), baggageOf(parent));
    return { begun, outbound };
  }

  #end(
    begun: Begun,
    span: {
      readonly name: string;
      readonly kind: SpanKind;
      readonly isFailed: boolean;
      readonly attributes: () => AttributeList;
    },
  ): void {
    this.#core.close(begun);
    const { identity, parent, links, startMs, timeline, isRoot } = begun;
    const { traceId, spanId } = identity;
    const { name, kind, isFailed, attributes } = span;
    const endMs = timeline.nowMs();
    const isWorthIt = this.#core.isWorthIt(isFailed, endMs - startMs);
    const place = { traceId, spanId, parent, links, startMs, endMs };
    const make = (): readonly SpanRecord[] => [
      { ...place, name, kind, attributes: attributes(), ...(isFailed && { error: "" }) },
    ];
    identity.local.finish({ spans: 1, bytes: DRAFT_BYTES, make }, { isWorthIt, isRoot });
  }
}
