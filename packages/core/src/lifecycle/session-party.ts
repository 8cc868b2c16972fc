import type { Caller } from "@mcp-hangar/telemetry";
import type { ServerOptions } from "../options.ts";
import type { CancelSignal } from "../platform/cancellation.ts";
import type { JsonObject, JsonRpcNotification, JsonRpcRequest } from "../protocol/json-rpc.ts";
import type { ServerRequestReply } from "../transports/session.ts";

/** A client that keeps a session with the gateway, and can be reached outside of its requests. */
export interface ClientLine {
  /** Of this client alone, and not to be guessed. */
  readonly id: string;
  /** What a server may ask of it, as `initialize` spells it. */
  readonly abilities: JsonObject;
  /** The level of log messages that it chose, if it has. */
  readonly logLevel: string | undefined;
  /** Whether it can be asked something now that belongs to none of its requests. */
  readonly isListening: boolean;
  /** Whether it declared that it answers requests of that method. */
  canAnswer(method: string): boolean;
  /**
   * Asks the client something that belongs to none of its requests, until `signal` aborts. A client that cannot be asked is a
   * refusal.
   */
  askAnytime(request: JsonRpcRequest, signal?: CancelSignal): Promise<ServerRequestReply>;
  /** Tells the client something that belongs to none of its requests; dropped where it does not listen. */
  push(notification: JsonRpcNotification): void;
}

/** Who is behind a request: a caller, and the client that it came from, if that keeps a session. */
export interface Party {
  readonly caller: Caller;
  readonly line: ClientLine | undefined;
}

/** Whether somebody hears of what happened in a session of a server. */
export type Audience = (party: Party) => boolean;

/**
 * Whose session a request goes to, of a server that has more than one: the caller's, or the client's. Callers who need not say who they
 * are may be many, and are told apart by their clients; whoever cannot be told apart at all gets `undefined`. Clients of the
 * modern era keep no session, so that all of one caller are one.
 */
export function ownerOf(mode: ServerOptions["sessions"], { caller, line }: Party): string | undefined {
  const isKnown = caller.type !== "anonymous";
  if (isKnown && (mode === "per_caller" || line === undefined)) return `caller ${caller.credential}`;
  return line === undefined ? undefined : `client ${line.id}`;
}
