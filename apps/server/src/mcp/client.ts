import type { IncomingMessage } from "node:http";
import { isJsonObject, type JsonObject, type JsonRpcId, META } from "@mcp-hangar/core";
import { type Client, LIBRARY_CLIENT, shortText } from "@mcp-hangar/telemetry";
import { userAgentOf } from "../http/user-agent.ts";
import type { LegacySession } from "./legacy-session.ts";

/** Characters of what a client says of itself: records keep it for as long as they last. */
const TEXT_CHARS_MAX = 200;

/** What a client calls itself (`clientInfo`). */
export type ClientName = Pick<Client, "name" | "version">;

/** What is known of the client behind one JSON-RPC request, besides how it came. */
interface Speaker {
  readonly rpcId: JsonRpcId | undefined;
  readonly session: LegacySession | undefined;
  /** `params._meta`, in which modern clients say who they are with each request. */
  readonly meta: JsonObject;
}

/** The client behind a request over HTTP; `address` is its own behind trusted proxies. Made for every call, so in one piece. */
export function httpClient(http: IncomingMessage, address: string, { rpcId, session, meta }: Speaker): Client {
  const { name, version } = session?.client ?? clientName(meta[META.clientInfo]);
  return {
    transport: "http",
    address: address === "" ? undefined : address,
    userAgent: userAgentOf(http),
    name,
    version,
    protocolVersion: session?.protocolVersion ?? ownVersion(meta),
    sessionId: session?.id,
    rpcId: shortId(rpcId),
  };
}

/** The client at the other end of the pipes. */
export function stdioClient({ rpcId, session, meta }: Speaker): Client {
  return {
    ...LIBRARY_CLIENT,
    transport: "stdio",
    ...(session?.client ?? clientName(meta[META.clientInfo])),
    protocolVersion: session?.protocolVersion ?? ownVersion(meta),
    sessionId: session?.id,
    rpcId: shortId(rpcId),
  };
}

/** Name and version out of a `clientInfo`; a client may send anything. */
export function clientName(info: unknown): ClientName {
  if (!isJsonObject(info as JsonObject)) return { name: undefined, version: undefined };
  const { name, version } = info as JsonObject;
  return {
    name: typeof name === "string" ? short(name) : undefined,
    version: typeof version === "string" ? short(version) : undefined,
  };
}

/** The revision that a modern client names with each request. */
function ownVersion(meta: JsonObject): string | undefined {
  const version = meta[META.protocolVersion];
  return typeof version === "string" ? short(version) : undefined;
}

function shortId(id: JsonRpcId | undefined): JsonRpcId | undefined {
  return typeof id === "string" ? short(id) : id;
}

function short(text: string): string {
  return shortText(text, TEXT_CHARS_MAX);
}
