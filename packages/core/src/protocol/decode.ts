import { isUtf8 } from "node:buffer";
import {
  isJsonObject,
  type JsonObject,
  type JsonRpcErrorObject,
  type JsonRpcId,
  type JsonValue,
  RPC,
} from "./json-rpc.ts";
import { isNestedTooDeep, NESTING_MAX } from "./nesting.ts";
import { parseJson } from "./parse-json.ts";
import { ResultPayload } from "./result-payload.ts";
import { spliceResponse } from "./splice-response.ts";

/** One JSON-RPC message from a peer, with its envelope checked and its payload untouched. */
export type IncomingMessage =
  | { readonly kind: "response"; readonly id: JsonRpcId; readonly result: ResultPayload }
  /** `id` is null when the peer could not tell which request it refuses. */
  | { readonly kind: "error"; readonly id: JsonRpcId | null; readonly error: JsonRpcErrorObject }
  | {
      readonly kind: "request";
      readonly id: JsonRpcId;
      readonly method: string;
      /** `{}` when the message has none. */
      readonly params: JsonObject;
    }
  | { readonly kind: "notification"; readonly method: string; readonly params: JsonObject }
  | InvalidMessage;

/** Bytes that are no JSON-RPC message of MCP. */
export interface InvalidMessage {
  readonly kind: "invalid";
  /** What is wrong, as a clause without a full stop: "the body is not valid JSON". */
  readonly reason: string;
  /** What to answer with, should the sender expect an answer. */
  readonly code: typeof RPC.parseError | typeof RPC.invalidRequest;
  /** The id of the message where it has a usable one, so that a waiting request can be failed and not time out. */
  readonly id: JsonRpcId | undefined;
}

/** From here on a parse followed by a rebuild costs more than finding the result inside the bytes. */
const SPLICE_FROM_BYTES = 8 * 1024;

/**
 * Reads one JSON-RPC message of MCP: an object, in UTF-8, without a byte order mark; batches are invalid. Never throws.
 * The bytes of a large response are not copied: its result stays a view of `bytes`, which must not be reused.
 */
export function decodeMessage(bytes: Buffer): IncomingMessage {
  if (!isUtf8(bytes)) return invalid("it is not valid UTF-8", RPC.parseError);
  if (bytes.length >= SPLICE_FROM_BYTES) {
    const spliced = spliceResponse(bytes);
    if (spliced !== undefined) {
      return { kind: "response", id: spliced.id, result: ResultPayload.ofJson(spliced.json, spliced.summary) };
    }
  }
  let message: unknown;
  try {
    message = parseJson(bytes.toString("utf8"));
  } catch {
    return invalid("it is not valid JSON", RPC.parseError);
  }
  if (Array.isArray(message)) return invalid("batches are not supported");
  if (!isJsonObject(message)) return invalid("it is not a JSON object");
  if (isNestedTooDeep(message, bytes.length)) {
    return invalid(`it is nested deeper than ${NESTING_MAX} levels`, RPC.invalidRequest, message.id);
  }
  return readEnvelope(message);
}

function readEnvelope(message: JsonObject): IncomingMessage {
  const { id, method, params, result, error } = message;
  if (message.jsonrpc !== "2.0") return invalid('"jsonrpc" is not "2.0"', RPC.invalidRequest, id);
  if (id !== undefined && id !== null && !isId(id)) return invalid('"id" is neither a string nor a number');
  if (method !== undefined) {
    if (typeof method !== "string") return invalid('"method" is not a string', RPC.invalidRequest, id);
    if (result !== undefined || error !== undefined) {
      return invalid("it is both a request and a response", RPC.invalidRequest, id);
    }
    if (params !== undefined && !isJsonObject(params)) {
      return invalid('"params" is not an object', RPC.invalidRequest, id);
    }
    if (id === null) return invalid('the "id" of a request is null');
    if (id === undefined) return { kind: "notification", method, params: params ?? {} };
    return { kind: "request", id, method, params: params ?? {} };
  }
  if (result !== undefined) {
    if (error !== undefined) return invalid('it has both "result" and "error"', RPC.invalidRequest, id);
    if (id === undefined || id === null) return invalid('a response has no "id"');
    if (!isJsonObject(result)) return invalid('"result" is not an object', RPC.invalidRequest, id);
    return { kind: "response", id, result: ResultPayload.ofValue(result) };
  }
  if (error !== undefined) {
    if (!isErrorObject(error)) {
      return invalid('"error" lacks an integer "code" or a string "message"', RPC.invalidRequest, id);
    }
    return { kind: "error", id: id ?? null, error };
  }
  return invalid('it has neither "method" nor "result" nor "error"', RPC.invalidRequest, id);
}

function isId(id: JsonValue): id is JsonRpcId {
  // `1e999` is valid JSON and becomes Infinity, which no peer could get back.
  return typeof id === "string" || (typeof id === "number" && Number.isFinite(id));
}

function isErrorObject(error: JsonValue): error is JsonObject & JsonRpcErrorObject {
  return isJsonObject(error) && Number.isInteger(error.code) && typeof error.message === "string";
}

function invalid(reason: string, code: InvalidMessage["code"] = RPC.invalidRequest, id?: JsonValue): InvalidMessage {
  return { kind: "invalid", reason, code, id: id !== undefined && isId(id) ? id : undefined };
}
