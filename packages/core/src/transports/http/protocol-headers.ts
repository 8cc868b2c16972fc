import type { TraceCarrier } from "@mcp-hangar/telemetry";
import type { JsonObject } from "../../protocol/json-rpc.ts";
import { ACCEPTED_CODINGS } from "./content-coding.ts";
import { encodeHeaderValue, isPlainHeaderValue } from "./header-values.ts";

const ACCEPT_BOTH = "application/json, text/event-stream";

/** Headers of every POST. `fixed` are the configured ones. */
export function postHeaders(
  fixed: readonly string[],
  protocolVersion: string | undefined,
  sessionId?: string,
): string[] {
  const list = [...fixed, "content-type", "application/json", "accept", ACCEPT_BOTH];
  list.push("accept-encoding", ACCEPTED_CODINGS);
  return withSession(list, protocolVersion, sessionId);
}

/** Headers of a GET that opens or resumes an event stream. */
export function streamHeaders(posted: readonly string[], lastEventId: string | undefined): string[] {
  const list: string[] = [];
  for (let i = 0; i < posted.length; i += 2) {
    const name = posted[i] ?? "";
    if (name === "content-type") continue;
    list.push(name, name === "accept" ? "text/event-stream" : (posted[i + 1] ?? ""));
  }
  // Headers are written as Latin-1, so the UTF-8 bytes of the id are handed over one character a byte.
  if (lastEventId !== undefined) list.push("last-event-id", Buffer.from(lastEventId, "utf8").toString("latin1"));
  return list;
}

/** Headers of the GET that opens the stream of HTTP+SSE. */
export function sseStreamHeaders(fixed: readonly string[]): string[] {
  return streamHeaders(postHeaders(fixed, undefined), undefined);
}

/** Appends W3C trace context; what a header cannot carry stays in `_meta` alone. */
export function addTrace(headers: string[], trace: TraceCarrier): void {
  const { traceparent, tracestate, baggage } = trace;
  if (traceparent === undefined || !isPlainHeaderValue(traceparent)) return;
  headers.push("traceparent", traceparent);
  if (tracestate !== undefined && isPlainHeaderValue(tracestate)) headers.push("tracestate", tracestate);
  if (baggage !== undefined && isPlainHeaderValue(baggage)) headers.push("baggage", baggage);
}

/** The field of `params` that `Mcp-Name` repeats, for the methods that have one. */
const NAMED_BY: ReadonlyMap<string, string> = new Map([
  ["tools/call", "name"],
  ["prompts/get", "name"],
  ["resources/read", "uri"],
  ["tasks/get", "taskId"],
  ["tasks/update", "taskId"],
  ["tasks/cancel", "taskId"],
]);

/** Appends the headers by which intermediaries route modern requests without reading bodies. */
export function addRouting(headers: string[], method: string, params: JsonObject): void {
  headers.push("mcp-method", encodeHeaderValue(method));
  const field = NAMED_BY.get(method);
  const name = field === undefined ? undefined : params[field];
  if (typeof name === "string") headers.push("mcp-name", encodeHeaderValue(name));
}

function withSession(list: string[], protocolVersion: string | undefined, sessionId: string | undefined): string[] {
  if (protocolVersion !== undefined) list.push("mcp-protocol-version", protocolVersion);
  if (sessionId !== undefined) list.push("mcp-session-id", sessionId);
  return list;
}
