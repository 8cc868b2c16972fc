import type {
  CancelSignal,
  Era,
  JsonObject,
  JsonRpcId,
  JsonRpcNotification,
  JsonRpcRequest,
  RequestRecord,
  ServerRequestReply,
} from "@mcp-hangar/core";
import type { Caller, Client, TraceCarrier } from "@mcp-hangar/telemetry";
import type { LegacySession } from "./legacy-session.ts";

/** The way back to the client of one request, before its answer. */
export interface Channel {
  /** Sends a notification that belongs to the request; ignored where the client cannot take it. */
  notify(notification: JsonRpcNotification): void;
  /** Asks the client something that belongs to the request; `undefined` where the client cannot be asked. */
  readonly ask: ((request: JsonRpcRequest) => Promise<ServerRequestReply>) | undefined;
}

/** One request of a client, whatever transport and era it came by. */
export interface ClientRequest {
  readonly era: Era;
  readonly id: JsonRpcId;
  readonly method: string;
  readonly params: JsonObject;
  /** `params._meta`. */
  readonly meta: JsonObject;
  readonly caller: Caller;
  readonly client: Client;
  /** Its record, once it is worked on; a tool call has one of its own in the gateway. */
  readonly record?: RequestRecord | undefined;
  /** Trace context of the HTTP headers. */
  readonly trace: TraceCarrier;
  readonly channel: Channel;
  /** Aborted when the client cancelled or, in the modern era, left. */
  readonly signal: CancelSignal;
  /** Only in the legacy era. */
  readonly session: LegacySession | undefined;
  /** Headers by their names in lower case, of modern requests over HTTP: they must agree with the body. */
  readonly header?: ((name: string) => string | undefined) | undefined;
  /** Whether the rate limit has let it in, so that it is not counted again on its way to a server. */
  readonly admitted?: boolean | undefined;
  /** What the client says it can do. */
  readonly capabilities: JsonObject;
}
