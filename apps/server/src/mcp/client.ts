import type { IncomingMessage } from "node:http";
import { isJsonObject, type JsonObject, type JsonRpcId, META } from "@mcp-hangar/core";
import { type Client, LIBRARY_CLIENT } from "@mcp-hangar/telemetry";
import type { LegacySession } from "./legacy-session.ts";

/** Characters of what a client says of itself: records keep it for as long as they last. */
const TEXT_CHARS_MAX = 200;

/** What a client calls itself (`clientInfo`). */
export type ClientName = Pick<Client, "name" | "version">;

/** What is known of the client behind one JSON-RPC request, besides how it came. */
interface Speaker {
  readonly rpcId: JsonRpcId;
  readonly session: LegacySession | undefined;
  /** `params._meta`, in which modern clients say who they are with each request. */
  readonly meta: JsonObject;
}

/** The client behind a request over HTTP; `address` is its own behind trusted proxies. */
export function httpClient(http: IncomingMessage, address: string, speaker: Speaker): Client {
  return { ...restClient(http, address), ...spoken(speaker) };
}

/** The client behind a request over HTTP that is not of MCP. */
export function restClient({ headers }: IncomingMessage, address: string): Client {
  const userAgent = headers["user-agent"];
  return {
    ...LIBRARY_CLIENT,
    transport: "http",
    address: address === "" ? undefined : address,
    userAgent: userAgent === undefined ? undefined : short(userAgent),
  };
}

/** The client at the other end of the pipes. */
export function stdioClient(speaker: Speaker): Client {
  return { transport: "stdio", address: undefined, userAgent: undefined, ...spoken(speaker) };
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

function spoken({ rpcId, session, meta }: Speaker): Omit<Client, "transport" | "address" | "userAgent"> {
  const { name, version } = session?.client ?? clientName(meta[META.clientInfo]);
  const own = meta[META.protocolVersion];
  return {
    name,
    version,
    protocolVersion: session?.protocolVersion ?? (typeof own === "string" ? short(own) : undefined),
    sessionId: session?.id,
    rpcId: typeof rpcId === "string" ? short(rpcId) : rpcId,
  };
}

function short(text: string): string {
  return text.length <= TEXT_CHARS_MAX ? text : text.slice(0, TEXT_CHARS_MAX);
}
