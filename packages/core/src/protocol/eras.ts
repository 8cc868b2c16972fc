import type { JsonObject } from "./json-rpc.ts";

/** Legacy peers shake hands with `initialize` and keep sessions; modern peers (2026-07-28 and later) are stateless. */
export type Era = "legacy" | "modern";

/** Newest first; the gateway offers the first and accepts any. */
export const LEGACY_VERSIONS = ["2025-11-25", "2025-06-18", "2025-03-26", "2024-11-05"] as const;
export const MODERN_VERSIONS = ["2026-07-28"] as const;
export const SUPPORTED_VERSIONS: readonly string[] = [...MODERN_VERSIONS, ...LEGACY_VERSIONS];

/** Keys of `_meta` that describe one hop of the modern protocol; they are never passed on. */
export const META = {
  protocolVersion: "io.modelcontextprotocol/protocolVersion",
  clientInfo: "io.modelcontextprotocol/clientInfo",
  clientCapabilities: "io.modelcontextprotocol/clientCapabilities",
  serverInfo: "io.modelcontextprotocol/serverInfo",
  subscriptionId: "io.modelcontextprotocol/subscriptionId",
  logLevel: "io.modelcontextprotocol/logLevel",
} as const;

/** Name and version a peer gives of itself. */
export interface Implementation extends JsonObject {
  readonly name: string;
  readonly version: string;
}

/** Who the other side is and what it can do, learned from `initialize` or `server/discover`. */
export interface PeerDescription {
  readonly era: Era;
  readonly protocolVersion: string;
  readonly info: Implementation;
  readonly capabilities: JsonObject;
  readonly instructions: string | undefined;
}
