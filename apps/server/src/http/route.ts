import type { IncomingMessage, ServerResponse } from "node:http";
import type { CancelSignal } from "@mcp-hangar/core";
import type { Caller } from "@mcp-hangar/telemetry";
import type { Permission } from "../access/permissions.ts";
import type { Answer, Refusal } from "./answer.ts";

export type RouteMethod = "GET" | "POST" | "PUT" | "PATCH" | "DELETE";

/** One request to a route, after everything that could refuse it. */
export interface RouteRequest {
  readonly http: IncomingMessage;
  readonly caller: Caller;
  /** Values of the `{name}` segments of the path, decoded. */
  readonly params: Readonly<Record<string, string>>;
  readonly query: URLSearchParams;
  /** The body as it came; empty for methods without one. */
  readonly body: Buffer;
  /** Aborted when the client is gone. */
  readonly signal: CancelSignal;
}

/** One request to a route whose body was not read. */
export type UnreadRequest = Omit<RouteRequest, "body">;

/** A path of the HTTP interface outside MCP. Without the permission the answer is 403, without a caller 401. */
export interface Route {
  readonly method: RouteMethod;
  /** Such as `/api/mcp_servers/{id}/start`. GET answers HEAD too. */
  readonly path: string;
  /** `public` needs nobody to say who they are: probes, and the documents by which clients find out how to. */
  readonly permission: Permission | "public";
  /** Whether any number of strangers may ask: probes, on which it depends whether the gateway gets requests at all. */
  readonly probe?: true;
  /** Answers, or takes over the response (a stream) and returns nothing. */
  readonly handle: (
    request: RouteRequest,
    response: ServerResponse,
  ) => Answer | undefined | Promise<Answer | undefined>;
  /** Answers a request of a caller that is refused before the route is asked, and has it recorded; only answered when absent. */
  readonly refuse?: (request: UnreadRequest, refusal: Refusal) => Answer | Promise<Answer>;
}

/** Answers callers who ask for what is not there, and has it recorded. */
export type Unrouted = (request: Pick<RouteRequest, "http" | "caller" | "signal">, refusal: Refusal) => Promise<Answer>;
