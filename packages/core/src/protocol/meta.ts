import { shortText, type TraceCarrier } from "@mcp-hangar/telemetry";
import { isJsonObject, type JsonObject } from "./json-rpc.ts";

const NO_META: JsonObject = Object.freeze({});

/** `params._meta`, or an empty object when it is absent or no object. */
export function metaOf(params: JsonObject): JsonObject {
  const meta = params._meta;
  return isJsonObject(meta) ? meta : NO_META;
}

/** Trace context in `_meta` (SEP-414, unprefixed keys), uncut: half an entry of a list would say what nobody has said. */
function traceOf(meta: JsonObject = NO_META): TraceCarrier {
  return {
    traceparent: text(meta.traceparent),
    tracestate: text(meta.tracestate),
    baggage: text(meta.baggage),
  };
}

/** The trace context that a request continues: that of `_meta`, and that of the HTTP headers as a link beside it, or else as the parent. */
export function traceParents(
  meta: JsonObject | undefined,
  headers: TraceCarrier = {},
): { readonly parent: TraceCarrier; readonly link: TraceCarrier | undefined } {
  const inMeta = traceOf(meta);
  if (inMeta.traceparent === undefined) return { parent: headers, link: undefined };
  return { parent: inMeta, link: headers.traceparent === undefined ? undefined : headers };
}

/** `_meta` without its trace context. */
export function withoutTrace(meta: JsonObject | undefined): JsonObject | undefined {
  if (meta === undefined) return undefined;
  const { traceparent: _traceparent, tracestate: _tracestate, baggage: _baggage, ...others } = meta;
  return others;
}

function text(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}

/** A caller may send identifiers of any length; this much of one is kept. */
const MAX_TEXT = 512;

/** Goes into records: half of a secret that was cut there would not be recognised. */
function identifier(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? shortText(value, MAX_TEXT) : undefined;
}

/** Identifiers for correlation in other systems, from `_meta.trace_id`, `user_id` and `session_id`. */
export function correlationOf(meta: JsonObject = NO_META): { traceId?: string; userId?: string; sessionId?: string } {
  const traceId = identifier(meta.trace_id);
  const userId = identifier(meta.user_id);
  const sessionId = identifier(meta.session_id);
  return {
    ...(traceId === undefined ? {} : { traceId }),
    ...(userId === undefined ? {} : { userId }),
    ...(sessionId === undefined ? {} : { sessionId }),
  };
}
