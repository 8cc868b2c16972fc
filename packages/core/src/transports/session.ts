import type { ErrorType, MessageDirection, MessageKind, StopReason, TraceCarrier } from "@mcp-hangar/telemetry";
import type { CancelSignal } from "../platform/cancellation.ts";
import type { Era, PeerDescription } from "../protocol/eras.ts";
import type { JsonObject, JsonRpcErrorObject, JsonRpcNotification, JsonRpcRequest } from "../protocol/json-rpc.ts";
import type { ResultPayload } from "../protocol/result-payload.ts";

/** What became of one request to an upstream. Failures are values: nothing here is thrown. */
export type UpstreamReply =
  | { readonly kind: "result"; readonly result: ResultPayload }
  /** The upstream answered with a JSON-RPC error; code, message and data are its own. */
  | { readonly kind: "error"; readonly error: JsonRpcErrorObject }
  | UpstreamFailure;

/** There is no answer in JSON-RPC. */
export interface UpstreamFailure {
  readonly kind: "failed";
  readonly errorType:
    | Extract<
        ErrorType,
        "connection" | "protocol" | "upstream_error" | "upstream_rejected" | "upstream_auth" | "overloaded"
      >
    | "aborted";
  /** For any caller: without addresses, paths and the server's stderr. */
  readonly message: string;
  /** Whether the server itself answered, which it can do only while it is alive; absent when it did not. */
  readonly answered?: true;
  /** When the server wants to be asked again; absent when it did not say. */
  readonly retryAfterMs?: number;
  /** The same with them, for those who run the server; `undefined` when the message is all there is. */
  readonly diagnosis?: string | undefined;
  /** False only when the request certainly did not reach the upstream, so that a retry is safe. */
  readonly maybeExecuted: boolean;
}

/** An answer that has come and is larger than what the gateway takes: the server is well, and only this request fails. */
export function tooLarge(message: string): UpstreamFailure {
  return { kind: "failed", errorType: "upstream_rejected", message, answered: true, maybeExecuted: true };
}

/** The answer to a request that the upstream sent to us. */
export type ServerRequestReply =
  | { readonly kind: "result"; readonly result: JsonObject }
  | { readonly kind: "error"; readonly error: JsonRpcErrorObject };

/** Who hears of the progress of work that goes on behind the answer. It is kept for as long, and so should hold little. */
export interface Afterwards {
  /** Aborts when nothing more is to be heard. */
  readonly until: CancelSignal;
  readonly tell: (notification: JsonRpcNotification) => void;
}

/** Sizes of the two JSON-RPC messages of a request in bytes of UTF-8; `undefined` for what was not sent or did not come. */
export interface MessageSizes {
  requestBytes: number | undefined;
  responseBytes: number | undefined;
}

/**
 * One request to an upstream. `params` are sent as they are, apart from `_meta`: keys that speak about one hop stay here,
 * and what the era of the server demands is added.
 */
export interface UpstreamRequest {
  readonly method: string;
  readonly params: JsonObject;
  /**
   * Aborted when the caller left or the deadline passed: the session tells the upstream in the way of its era and
   * transport, forgets the request, and settles at once with `aborted`.
   */
  readonly signal: CancelSignal | undefined;
  /** Injected into `_meta` on every transport, and into headers over HTTP. */
  readonly trace: TraceCarrier;
  /**
   * Notifications that belong to this request (progress with the caller's own token, log messages). Without it they are
   * dropped. A progress token in `params._meta.progressToken` is rewritten on the way out and mapped back on the way in.
   */
  readonly onNotification?: ((notification: JsonRpcNotification) => void) | undefined;
  /** Requests of a legacy server that arise from this request (sampling, elicitation, roots). Without it: refused. */
  readonly onServerRequest?: ((request: JsonRpcRequest) => Promise<ServerRequestReply>) | undefined;
  /** Capabilities of the agent behind the call, for the modern `_meta`; `{}` when it has none that can be honoured. */
  readonly clientCapabilities?: JsonObject | undefined;
  /**
   * Credential of the caller behind the request, by which it is told from requests of others; absent for those of the
   * gateway itself, and for callers who need not say who they are.
   */
  readonly origin?: string | undefined;
  /**
   * The server's id of the task that the request waits for: what the server says and asks with this id in `_meta` belongs to it,
   * wherever it comes.
   */
  readonly task?: string | undefined;
  /** Who hears of progress when the request was answered and the work on it goes on, with a task; nobody when absent. */
  readonly afterwards?: Afterwards | undefined;
  /** Where the session notes the sizes of the messages. */
  readonly sizes?: MessageSizes | undefined;
  /** Era of the client behind the request; without it the session serves the request in the way that suits it best. */
  readonly clientEra?: Era | undefined;
}

/** A live connection to one upstream, after the handshake. */
export interface UpstreamSession {
  readonly peer: PeerDescription;
  /** Who answers requests of clients of that era: servers of both eras are two peers. Never rejects. */
  peerFor(era: Era): Promise<PeerDescription>;
  request(request: UpstreamRequest): Promise<UpstreamReply>;
  /** Sends a notification; failures are ignored, because nobody waits for it. */
  notify(notification: JsonRpcNotification): void;
  /** Open HTTP connections; `undefined` when the transport has none. */
  connections(): number | undefined;
  /**
   * Ends the session and frees everything it owns: process group, sockets, timers. Resolves when it is all gone.
   * Idempotent; never rejects. Requests in flight settle with `connection`.
   */
  close(): Promise<void>;
}

/** What a start does: an installer may fetch the server before it runs. */
export type StartPhase = "fetching" | "starting";

/** How the owner of a session hears of what happens on it. */
export interface SessionObserver {
  /** The start is in this phase from now on; one of which nothing is told is `starting` all the time. */
  onPhase?(phase: StartPhase): void;
  /** A notification that belongs to no request: list_changed, resource updates, log messages. */
  onNotification(notification: JsonRpcNotification): void;
  /** A request of the server that no client of a call can be asked: none is in flight, or it cannot be told which; `why` is a clause. Of a session that is for one client or caller, `call` is one in flight. */
  onServerRequest(request: JsonRpcRequest, why: string, call?: UpstreamRequest): Promise<ServerRequestReply>;
  /** The session ended by itself: crash, exit, lost connection. Called once, and not after `close()`. */
  onClosed(cause: SessionEnd): void;
  /** A line the server wrote to its stderr, without the line break, capped. */
  onLog(line: string): void;
  /** Counts one JSON-RPC message. On the hot path: an integer increment. */
  onMessage(direction: MessageDirection, kind: MessageKind): void;
}

export interface SessionEnd {
  readonly reason: Extract<StopReason, "crashed">;
  /** What happened, in words, with exit code or signal and the last lines of stderr. */
  readonly message: string;
}

/** Codes of starts that fail until somebody changes the configuration, the machine or the server. */
const LASTING_CODES: ReadonlySet<string> = new Set([
  "auth_failed",
  "proxy_auth_failed",
  "proxy_refused",
  "not_found",
  "redirected",
  "not_mcp",
  "handshake_refused",
  "address_refused",
  "invalid_options",
  "tls_failed",
  "command_not_found",
]);

/** Whether a start that failed with this code of a {@link StartError} fails until somebody mends something. */
export function isLastingStartError(code: string | undefined): boolean {
  return code !== undefined && LASTING_CODES.has(code);
}

/** Thrown by `open` when no session came about. `message` says what happened and what to do next. */
export class StartError extends Error {
  readonly code: string;
  /** The option to blame, such as `tls.ca_file`; `undefined` when it is not known or there are several. */
  readonly option: string | undefined;

  /** `code` is one of the diagnoses, such as `command_not_found` or `connection_refused`. */
  constructor(code: string, message: string, options?: ErrorOptions & { readonly option?: string }) {
    super(message, options);
    this.name = "StartError";
    this.code = code;
    this.option = options?.option;
  }
}

/** Of a session that is for one client or caller alone: whatever comes without an origin is for whoever is behind it. */
export interface SoleUse {
  /** What the server may ask of the client, in place of what the gateway offers for all. */
  readonly capabilities: JsonObject;
}

/** Opens sessions to one upstream. Holds what outlives a session: the era last negotiated, connection pools. */
export interface Transport {
  /**
   * Starts or connects, negotiates the era and shakes hands.
   * When `signal` aborts (start timeout, stop), everything begun is torn down before the promise rejects.
   * `sole` is for a session that is not shared.
   * @throws StartError
   */
  open(observer: SessionObserver, signal: CancelSignal, sole?: SoleUse): Promise<UpstreamSession>;
  /** Frees what outlives sessions. Idempotent. */
  close(): Promise<void>;
}
