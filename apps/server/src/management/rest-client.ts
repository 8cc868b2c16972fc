import type { IncomingMessage } from "node:http";
import { type Client, LIBRARY_CLIENT } from "@mcp-hangar/telemetry";
import { userAgentOf } from "../http/user-agent.ts";

/** The client behind a request to the REST interface; `address` is its own behind trusted proxies. */
export function restClient(http: IncomingMessage, address: string): Client {
  return { ...LIBRARY_CLIENT, transport: "http", address: address || undefined, userAgent: userAgentOf(http) };
}
