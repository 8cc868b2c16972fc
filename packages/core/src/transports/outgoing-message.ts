import { META } from "../protocol/eras.ts";
import { isJsonObject, type JsonObject, type JsonRpcNotification, type JsonRpcRequest } from "../protocol/json-rpc.ts";
import type { ServerRequestReply, UpstreamRequest } from "./session.ts";

/** Keys of `_meta` that end at this hop in both eras, and those that our own span replaces. */
const NOT_PASSED_ON: ReadonlySet<string> = new Set([
  META.protocolVersion,
  META.clientInfo,
  META.clientCapabilities,
  META.serverInfo,
  META.subscriptionId,
  "progressToken",
  "traceparent",
  "tracestate",
  "baggage",
]);

/** The part of `_meta` that the modern era demands of every request; `undefined` for legacy peers. */
export type HopMeta = Readonly<Record<string, string | JsonObject>> | undefined;

/**
 * The params of a request as they go out: as they came, apart from `_meta`, which gets what the era demands, our trace
 * context and a progress token of our own (the request's id).
 */
export function outgoingParams(request: UpstreamRequest, id: number, hop: HopMeta): JsonObject {
  const { params, trace } = request;
  const theirs = isJsonObject(params._meta) ? params._meta : undefined;
  if (theirs === undefined && hop === undefined && trace.traceparent === undefined) return params;
  const meta: Record<string, JsonObject[string]> = { ...hop };
  for (const key in theirs) {
    if (NOT_PASSED_ON.has(key) || (hop === undefined && key === META.logLevel)) continue;
    meta[key] = theirs[key];
  }
  // Without a listener progress would be dropped here, so the server need not send it.
  if (theirs?.progressToken !== undefined && request.onNotification !== undefined) meta.progressToken = id;
  if (hop !== undefined) meta[META.clientCapabilities] = request.clientCapabilities ?? {};
  if (trace.traceparent !== undefined) {
    meta.traceparent = trace.traceparent;
    if (trace.tracestate !== undefined) meta.tracestate = trace.tracestate;
    if (trace.baggage !== undefined) meta.baggage = trace.baggage;
  }
  return { ...params, _meta: meta };
}

export function requestText(id: number, method: string, params: JsonObject): string {
  return `{"jsonrpc":"2.0","id":${id},"method":${JSON.stringify(method)},"params":${JSON.stringify(params)}}`;
}

export function notificationText(notification: JsonRpcNotification): string {
  return JSON.stringify({ jsonrpc: "2.0", method: notification.method, params: notification.params });
}

/** The answer to a request of the server, under the server's own id. */
export function replyText(request: JsonRpcRequest, reply: ServerRequestReply): string {
  const outcome = reply.kind === "result" ? { result: reply.result } : { error: reply.error };
  return JSON.stringify({ jsonrpc: "2.0", id: request.id, ...outcome });
}
