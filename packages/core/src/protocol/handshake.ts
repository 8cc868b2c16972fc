import { type Implementation, LEGACY_VERSIONS, META, MODERN_VERSIONS, type PeerDescription } from "./eras.ts";
import { isJsonObject, type JsonObject, type JsonValue } from "./json-rpc.ts";

/** Servers may answer `initialize` with any of these. */
const LEGACY: readonly string[] = LEGACY_VERSIONS;

/** What the gateway says of itself during a handshake. */
export interface Introduction {
  readonly info: Implementation;
  /** The client capabilities that the gateway can honour on behalf of its callers. */
  readonly capabilities: JsonObject;
}

/** What was learned from the answer to a handshake: a peer, or why it is none. */
export type HandshakeOutcome =
  | { readonly kind: "peer"; readonly peer: PeerDescription }
  /** The answer is no answer to that question. */
  | { readonly kind: "malformed"; readonly reason: string }
  /** The server speaks MCP, but no revision that the gateway does. */
  | { readonly kind: "unsupported"; readonly versions: readonly string[] };

/** The part of `_meta` that the modern era demands of every message. The capabilities are those of the agent, if any. */
export function modernHop(
  info: Implementation,
  version: string = MODERN_VERSIONS[0],
): Readonly<Record<string, string | JsonObject>> {
  return { [META.protocolVersion]: version, [META.clientInfo]: info, [META.clientCapabilities]: {} };
}

/** Params of `initialize`; the server may answer with another version than the one asked for. */
export function initializeParams({ info, capabilities }: Introduction): JsonObject {
  return { protocolVersion: LEGACY_VERSIONS[0], capabilities, clientInfo: info };
}

/** Reads the result of `server/discover`. The identity is optional there, so that `fallbackName` may have to serve. */
export function readDiscoverResult(result: JsonObject, fallbackName: string): HandshakeOutcome {
  const { supportedVersions, capabilities, instructions } = result;
  if (!Array.isArray(supportedVersions) || !supportedVersions.every((version) => typeof version === "string")) {
    return { kind: "malformed", reason: '"supportedVersions" is not a list of strings' };
  }
  const protocolVersion = MODERN_VERSIONS.find((version) => supportedVersions.includes(version));
  if (protocolVersion === undefined) return { kind: "unsupported", versions: supportedVersions };
  if (!isJsonObject(capabilities)) return { kind: "malformed", reason: '"capabilities" is not an object' };
  const info = isJsonObject(result._meta) ? result._meta[META.serverInfo] : undefined;
  return {
    kind: "peer",
    peer: {
      era: "modern",
      protocolVersion,
      info: readInfo(info, fallbackName),
      capabilities,
      instructions: typeof instructions === "string" ? instructions : undefined,
    },
  };
}

/** Reads the result of `initialize`. */
export function readInitializeResult(result: JsonObject, fallbackName: string): HandshakeOutcome {
  const { protocolVersion, capabilities, serverInfo, instructions } = result;
  if (typeof protocolVersion !== "string") return { kind: "malformed", reason: '"protocolVersion" is not a string' };
  if (!LEGACY.includes(protocolVersion)) return { kind: "unsupported", versions: [protocolVersion] };
  if (!isJsonObject(capabilities)) return { kind: "malformed", reason: '"capabilities" is not an object' };
  return {
    kind: "peer",
    peer: {
      era: "legacy",
      protocolVersion,
      info: readInfo(serverInfo, fallbackName),
      capabilities,
      instructions: typeof instructions === "string" ? instructions : undefined,
    },
  };
}

/** Name and version are for display; a server that leaves them out still works. */
function readInfo(info: JsonValue | undefined, fallbackName: string): Implementation {
  const { name, version, ...rest } = isJsonObject(info) ? info : {};
  return {
    ...rest,
    name: typeof name === "string" ? name : fallbackName,
    version: typeof version === "string" ? version : "unknown",
  };
}
