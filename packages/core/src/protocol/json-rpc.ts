/** A JSON value that came from outside; look before you trust. */
export type JsonValue = string | number | boolean | null | readonly JsonValue[] | JsonObject;
export interface JsonObject {
  readonly [key: string]: JsonValue | undefined;
}

/** `1` and `"1"` are different ids; a client gets its own back, type included. */
export type JsonRpcId = string | number;

export interface JsonRpcErrorObject {
  readonly code: number;
  readonly message: string;
  readonly data?: JsonValue | undefined;
}

export interface JsonRpcRequest {
  readonly id: JsonRpcId;
  readonly method: string;
  readonly params: JsonObject;
}

export interface JsonRpcNotification {
  readonly method: string;
  readonly params: JsonObject;
}

/** Codes of JSON-RPC 2.0 and of MCP (`-32020` and below since revision 2026-07-28). */
export const RPC = {
  parseError: -32700,
  invalidRequest: -32600,
  methodNotFound: -32601,
  invalidParams: -32602,
  internalError: -32603,
  /** Legacy revisions: resource not found. */
  resourceNotFound: -32002,
  /** A header contradicts the body. */
  headerMismatch: -32020,
  /** The client lacks a capability that the request needs; `data.requiredCapabilities` names it. */
  missingCapability: -32021,
  /** The protocol version is not served; `data.supported` lists those that are. */
  unsupportedVersion: -32022,
  /** MCP Hangar, implementation-defined range: the gateway could not serve the call; `data.error_type` says why. */
  upstreamUnavailable: -32050,
  /** MCP Hangar: refused because of the caller, for instance by a rate limit; `data.reason` says why. */
  refused: -32051,
} as const;

/** Whether a value is an object that is neither null nor an array. */
export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
