import { type Implementation, LEGACY_VERSIONS, META, type PeerDescription } from "../../protocol/eras.ts";
import { isJsonObject, type JsonObject, type JsonValue } from "../../protocol/json-rpc.ts";
import { StartError } from "../session.ts";

/** The params of `initialize`. */
export function initializeParams(clientInfo: Implementation, capabilities: JsonObject): JsonObject {
  return { protocolVersion: LEGACY_VERSIONS[0], capabilities, clientInfo };
}

/** Reads the result of `initialize`. @throws StartError `unsupported_version` or `not_mcp`. */
export function legacyPeer(result: JsonObject): PeerDescription {
  const version = result.protocolVersion;
  if (typeof version !== "string") throw new StartError("not_mcp", "the result of initialize names no protocolVersion");
  if (!(LEGACY_VERSIONS as readonly string[]).includes(version)) {
    throw new StartError(
      "unsupported_version",
      `the server speaks MCP ${version} only; MCP Hangar needs one of ${LEGACY_VERSIONS.join(", ")} or newer. Update the server`,
    );
  }
  return {
    era: "legacy",
    protocolVersion: version,
    info: implementation(result.serverInfo),
    capabilities: isJsonObject(result.capabilities) ? result.capabilities : {},
    instructions: typeof result.instructions === "string" ? result.instructions : undefined,
  };
}

/** Reads the result of `server/discover`, for a version that is known to be among those it supports. */
export function modernPeer(result: JsonObject, protocolVersion: string): PeerDescription {
  const meta = isJsonObject(result._meta) ? result._meta : {};
  return {
    era: "modern",
    protocolVersion,
    info: implementation(meta[META.serverInfo] ?? result.serverInfo),
    capabilities: isJsonObject(result.capabilities) ? result.capabilities : {},
    instructions: typeof result.instructions === "string" ? result.instructions : undefined,
  };
}

function implementation(value: JsonValue | undefined): Implementation {
  const given = isJsonObject(value) ? value : {};
  const text = (field: JsonValue | undefined): string => (typeof field === "string" ? field : "unknown");
  return { ...given, name: text(given.name), version: text(given.version) };
}
