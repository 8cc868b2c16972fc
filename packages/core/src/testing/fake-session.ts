import type { MessageKind } from "@mcp-hangar/telemetry";
import type { PeerDescription } from "../protocol/eras.ts";
import { type JsonObject, type JsonRpcNotification, type JsonRpcRequest, RPC } from "../protocol/json-rpc.ts";
import { ResultPayload } from "../protocol/result-payload.ts";
import type {
  ServerRequestReply,
  SessionObserver,
  UpstreamReply,
  UpstreamRequest,
  UpstreamSession,
} from "../transports/session.ts";

/** How a fake server answers: at once, later, or not at all (`hang`), until the request is aborted or the session ends. */
export type FakeReply = (request: UpstreamRequest) => UpstreamReply | Promise<UpstreamReply> | "hang";

/** Who the fake server says it is, unless told. */
export const FAKE_PEER: PeerDescription = {
  era: "legacy",
  protocolVersion: "2025-11-25",
  info: { name: "fake", version: "1.0.0" },
  capabilities: { tools: { listChanged: true } },
  instructions: undefined,
};

/** A successful reply with the given result. */
export function resultReply(value: JsonObject): UpstreamReply {
  return { kind: "result", result: ResultPayload.ofValue(value) };
}

/** A reply function of a server with the given tools, each of which answers `ok`. */
export function serverWithTools(...names: readonly string[]): FakeReply {
  const tools = names.map((name) => ({ name, inputSchema: { type: "object" } }));
  return (request) => {
    switch (request.method) {
      case "tools/list":
        return resultReply({ tools });
      case "tools/call":
        return resultReply({ content: [{ type: "text", text: "ok" }] });
      case "ping":
        return resultReply({});
      default:
        return { kind: "error", error: { code: RPC.methodNotFound, message: `Method not found: ${request.method}` } };
    }
  };
}

/** What a session is told by the transport that opened it. */
export interface FakeSessionOptions {
  readonly peer: PeerDescription;
  readonly observer: SessionObserver;
  /** Asked on every request, so that a test can change its mind in the middle. */
  readonly reply: FakeReply;
  /** Resolves when a close may end. */
  readonly closing: () => Promise<void>;
  /** Called once, when the session has ended in whatever way. */
  readonly onEnd: () => void;
}

/** A session without an upstream. It keeps the promises of `UpstreamSession`, and counts. */
export class FakeSession implements UpstreamSession {
  readonly peer: PeerDescription;
  /** Every request, oldest first. */
  readonly requests: UpstreamRequest[] = [];
  /** Every notification that was sent to the server, oldest first. */
  readonly notifications: JsonRpcNotification[] = [];
  readonly #options: FakeSessionOptions;
  /** Ends the requests in flight. */
  readonly #inFlight = new Set<(reply: UpstreamReply) => void>();
  #state: "open" | "crashed" | "closing" = "open";
  #ended = false;
  #closed: Promise<void> | undefined;

  constructor(options: FakeSessionOptions) {
    this.#options = options;
    this.peer = options.peer;
  }

  /** Whether the server is there: neither crashed nor closed. */
  get isOpen(): boolean {
    return this.#state === "open";
  }

  /** Whether nothing is left of it: it crashed, or closing has taken its time. */
  get hasEnded(): boolean {
    return this.#ended;
  }

  /** Requests that have no reply yet. */
  get inFlight(): number {
    return this.#inFlight.size;
  }

  peerFor(): Promise<PeerDescription> {
    return Promise.resolve(this.peer);
  }

  request(request: UpstreamRequest): Promise<UpstreamReply> {
    this.requests.push(request);
    if (request.signal?.aborted) return Promise.resolve(failure("aborted", "Aborted before it was sent", false));
    if (this.#state !== "open") return Promise.resolve(failure("connection", "The fake session has ended", false));
    this.#count("sent", "request");
    return new Promise((resolve) => {
      const settle = (reply: UpstreamReply): void => {
        if (!this.#inFlight.delete(settle)) return;
        request.signal?.removeEventListener("abort", onAbort);
        resolve(reply);
      };
      const onAbort = (): void => settle(failure("aborted", "The request was aborted", true));
      this.#inFlight.add(settle);
      request.signal?.addEventListener("abort", onAbort, { once: true });
      void this.#answer(request, settle);
    });
  }

  notify(notification: JsonRpcNotification): void {
    if (this.#state !== "open") return;
    this.notifications.push(notification);
    this.#count("sent", "notification");
  }

  connections(): number | undefined {
    return undefined;
  }

  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  /** The server dies: requests in flight fail and the owner is told, once, unless it closed the session itself. */
  crash(message = "The fake server crashed"): void {
    if (this.#state !== "open") return;
    this.#state = "crashed";
    this.#end();
    this.#failInFlight(message);
    this.#options.observer.onClosed({ reason: "crashed", message });
  }

  /** The server sends a notification that belongs to no request. */
  emitNotification(notification: JsonRpcNotification): void {
    if (this.#state !== "open") return;
    this.#count("received", "notification");
    this.#options.observer.onNotification(notification);
  }

  /** The server sends a request that belongs to no request of the gateway. */
  emitRequest(request: JsonRpcRequest): Promise<ServerRequestReply> {
    this.#count("received", "request");
    return this.#options.observer.onServerRequest(request, "no call is in flight");
  }

  /** The server writes a line to its stderr. */
  emitLog(line: string): void {
    this.#options.observer.onLog(line);
  }

  async #answer(request: UpstreamRequest, settle: (reply: UpstreamReply) => void): Promise<void> {
    const reply = await this.#options.reply(request);
    if (reply === "hang" || this.#state !== "open") return;
    if (reply.kind !== "failed") this.#count("received", reply.kind === "error" ? "error" : "response");
    settle(reply);
  }

  async #close(): Promise<void> {
    this.#state = "closing";
    this.#failInFlight("The fake session was closed");
    await this.#options.closing();
    this.#end();
  }

  #end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#options.onEnd();
  }

  #failInFlight(message: string): void {
    for (const settle of this.#inFlight) settle(failure("connection", message, true));
  }

  #count(direction: "sent" | "received", kind: MessageKind): void {
    this.#options.observer.onMessage(direction, kind);
  }
}

function failure(errorType: "aborted" | "connection", message: string, maybeExecuted: boolean): UpstreamReply {
  return { kind: "failed", errorType, message, maybeExecuted };
}
