import { decodeHeaderValue, isJsonObject, type JsonObject, META, MODERN_VERSIONS, RPC } from "@mcp-hangar/core";
import { shortText } from "@mcp-hangar/telemetry";
import { type Answer, errorAnswer } from "./answer.ts";

/** The headers that speak about the body, as they came. */
export interface ProtocolHeaders {
  readonly version: string | undefined;
  readonly method: string | undefined;
  readonly name: string | undefined;
}

const SUPPORTED: readonly string[] = MODERN_VERSIONS;

/** Which member of `params` the header `Mcp-Name` repeats (SEP-2243). */
const NAME_SOURCE: Readonly<Record<string, string>> = {
  "tools/call": "name",
  "prompts/get": "name",
  "resources/read": "uri",
};

/** Whether a request speaks the modern protocol: its `_meta` says so, or its header names a modern revision. */
export function isModern(meta: JsonObject, headerVersion: string | undefined): boolean {
  return meta[META.protocolVersion] !== undefined || SUPPORTED.includes(headerVersion ?? "");
}

/**
 * Checks what a modern request must carry in `_meta` and, over HTTP, in headers. Returns the refusal, or `undefined`.
 * The body decides, headers must agree with it: an intermediary that routes by headers must not be misled.
 */
export function refuseEnvelope(
  method: string,
  params: JsonObject,
  meta: JsonObject,
  headers: ProtocolHeaders | undefined,
): Answer | undefined {
  const version = meta[META.protocolVersion];
  if (typeof version !== "string") return invalid(META.protocolVersion, "a string");
  const info = meta[META.clientInfo];
  if (info !== undefined && !isJsonObject(info)) return invalid(META.clientInfo, "an object");
  if (!isJsonObject(meta[META.clientCapabilities])) return invalid(META.clientCapabilities, "an object");
  const mismatch = headers === undefined ? undefined : headerMismatch(method, params, version, headers);
  if (mismatch !== undefined) return errorAnswer(RPC.headerMismatch, mismatch, undefined, 400);
  if (SUPPORTED.includes(version)) return undefined;
  const data = { supported: SUPPORTED, requested: version };
  return errorAnswer(RPC.unsupportedVersion, `protocol version ${version} is not supported`, data, 400);
}

function invalid(key: string, wanted: string): Answer {
  return errorAnswer(RPC.invalidParams, `params._meta["${key}"] must be ${wanted}`, undefined, 400);
}

function headerMismatch(
  method: string,
  params: JsonObject,
  version: string,
  headers: ProtocolHeaders,
): string | undefined {
  if (headers.version !== version) return differs("MCP-Protocol-Version", headers.version, version);
  if (headers.method !== method) return differs("Mcp-Method", headers.method, method);
  const source = Object.hasOwn(NAME_SOURCE, method) ? NAME_SOURCE[method] : undefined;
  const name = source === undefined ? undefined : params[source];
  if (typeof name !== "string") return undefined;
  const decoded = headers.name === undefined ? undefined : decodeHeaderValue(headers.name);
  return decoded === name ? undefined : differs("Mcp-Name", headers.name, name);
}

/** Says in what a header and the body do not agree; neither is quoted at length. */
export function differs(header: string, value: string | undefined, body: string): string {
  const found = value === undefined ? "is missing" : `is ${JSON.stringify(shortText(value, 200))}`;
  return `header ${header} ${found}, but the body says ${JSON.stringify(shortText(body, 200))}`;
}
