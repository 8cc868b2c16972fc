import type { Clock } from "../../platform/platform.ts";
import type { IncomingMessage, InvalidMessage } from "../../protocol/decode.ts";
import { META } from "../../protocol/eras.ts";
import type { JsonObject, JsonRpcId, JsonRpcNotification } from "../../protocol/json-rpc.ts";
import { metaOf } from "../../protocol/meta.ts";
import type { SkippedMessage } from "../../protocol/skipped-message.ts";
import { CallOrigins } from "../call-origins.ts";
import { type HopMeta, notificationText, outgoingParams, replyText, requestText } from "../outgoing-message.ts";
import {
  type SessionObserver,
  tooLarge,
  type UpstreamFailure,
  type UpstreamReply,
  type UpstreamRequest,
} from "../session.ts";
import type { StdioLimits } from "./limits.ts";
import type { Flow } from "./line-pace.ts";
import { MessageReader } from "./message-reader.ts";
import { deliver, PendingRequests } from "./pending-requests.ts";
import type { PipeWriter } from "./pipe-writer.ts";
import { ServerRequests } from "./server-requests.ts";

/** What a connection works with. */
export interface ConnectionContext {
  readonly writer: PipeWriter;
  readonly clock: Clock;
  readonly observer: SessionObserver;
  readonly limits: StdioLimits;
  /** Whether the session is for one client or caller alone. */
  readonly isSole?: boolean;
  /** The server has sent something that is a message. */
  readonly onFirstMessage?: (() => void) | undefined;
  /** Holds back what the server writes for as long as there is enough to do. */
  readonly flow: Flow;
  /** The server broke the protocol beyond repair: nothing it sends can be understood any more. */
  readonly onBroken: (message: string) => void;
}

/** Bytes of what a server that is starting writes to stdout by mistake, for the log. */
const EXCERPT_BYTES = 200;
/** Lines that were no messages, of one session, that the log tells of: more say nothing new. */
const NOISE_LOGGED_MAX = 1_000;
/** Many requests of many callers over the two pipes of one server. */
export class StdioConnection {
  readonly #context: ConnectionContext;
  readonly #pending: PendingRequests;
  readonly #reader: MessageReader;
  readonly #serverRequests: ServerRequests;
  /** Why nothing is sent any more. */
  #over: Pick<UpstreamFailure, "errorType" | "message"> | undefined;
  /** Set when the server turns out to be modern. */
  #hop: HopMeta;
  #noise = 0;
  #hasSpoken = false;
  /** Whether the server is being asked for a sign that it knows which calls were given up. */
  #isListening = false;

  constructor(context: ConnectionContext) {
    this.#context = context;
    this.#pending = new PendingRequests(new CallOrigins(context.isSole));
    this.#reader = new MessageReader({
      ...context,
      isOver: () => this.#over !== undefined,
      onMessage: (message, line) => this.#take(message, line),
      onTooLarge: (message, bytes) => this.#skipped(message, bytes),
      onBroken: (message) => this.#break(message),
    });
    this.#serverRequests = new ServerRequests(context.observer, context.limits.serverRequestsMax, (request, reply) => {
      if (this.#push(replyText(request, reply)) !== undefined) {
        context.observer.onMessage("sent", reply.kind === "result" ? "response" : "error");
      }
    });
  }

  /** Lines on stdout that were no messages of MCP. */
  get noise(): number {
    return this.#noise;
  }

  /** From now on every request carries what the modern era demands. */
  becomeModern(hop: NonNullable<HopMeta>): void {
    this.#hop = hop;
    this.#serverRequests.refuseAll();
  }

  /** Sends a request. `hop` is for the opening question, which is modern before anything is known of the server. */
  request(request: UpstreamRequest, hop: HopMeta = this.#hop): Promise<UpstreamReply> {
    const { signal } = request;
    if (this.#over !== undefined) return Promise.resolve({ kind: "failed", ...this.#over, maybeExecuted: false });
    if (signal?.aborted)
      return Promise.resolve(failed("aborted", "the request was given up before it was sent", false));
    const id = this.#pending.nextId();
    let text: string;
    try {
      text = requestText(id, request.method, outgoingParams(request, id, hop));
    } catch (error) {
      return Promise.resolve(
        failed("protocol", `${request.method} cannot be written as JSON: ${String(error)}`, false),
      );
    }
    const line = this.#push(text);
    if (line === undefined) {
      const message = `${request.method} was not sent: the server does not read its input, and the queue is full`;
      return Promise.resolve(failed("overloaded", message, false));
    }
    this.#context.observer.onMessage("sent", "request");
    if (request.sizes !== undefined) request.sizes.requestBytes = Buffer.byteLength(text);
    return new Promise((resolve) => {
      if (signal === undefined) {
        this.#pending.add(id, { request, line, settle: resolve });
        return;
      }
      const onAbort = (): void => this.#giveUp(id, signal.reason);
      const settle = (reply: UpstreamReply): void => {
        signal.removeEventListener("abort", onAbort);
        resolve(reply);
      };
      signal.addEventListener("abort", onAbort);
      this.#pending.add(id, { request, line, settle });
    });
  }

  notify(notification: JsonRpcNotification): void {
    if (this.#push(notificationText(notification)) !== undefined)
      this.#context.observer.onMessage("sent", "notification");
  }

  /** Takes what came out of the server's stdout. */
  read(chunk: Buffer): void {
    this.#reader.read(chunk);
  }

  /** Ends the connection; every request in flight settles with that failure. Only the first end counts. */
  end(errorType: UpstreamFailure["errorType"], message: string): void {
    if (this.#over !== undefined) return;
    this.#reader.end();
    this.#over = { errorType, message };
    for (const { line, settle } of this.#pending.takeAll()) {
      settle(failed(errorType, message, this.#context.writer.isWritten(line)));
    }
  }

  #push(text: string): number | undefined {
    return this.#over === undefined ? this.#context.writer.push(text) : undefined;
  }

  #giveUp(id: number, reason: unknown): void {
    const entry = this.#pending.giveUp(id, this.#context.clock.nowMs());
    if (entry === undefined) return;
    const why = reason instanceof Error ? reason.message : "the caller left";
    this.notify({ method: "notifications/cancelled", params: { requestId: id, reason: why } });
    entry.settle(failed("aborted", "the request was given up", this.#context.writer.isWritten(entry.line)));
    this.#listenAnew();
  }

  /**
   * A server that was told that a call was given up may still ask something on its behalf, so that nobody can be asked until it has
   * shown that it was told: by an answer to whatever came later on the same pipe. One question at a time.
   */
  #listenAnew(): void {
    if (this.#isListening || this.#hop !== undefined || !this.#pending.doubts(this.#context.clock.nowMs())) return;
    this.#isListening = true;
    void this.request({ method: "ping", params: {}, signal: undefined, trace: {} }).then(({ kind }) => {
      this.#isListening = false;
      if (kind !== "failed") this.#listenAnew();
    });
  }

  #take(message: IncomingMessage, line: Buffer): void {
    if (message.kind !== "invalid") {
      this.#context.observer.onMessage("received", message.kind);
      if (!this.#hasSpoken) this.#context.onFirstMessage?.();
      this.#hasSpoken = true;
    }
    switch (message.kind) {
      case "response":
        this.#settle(message.id, { kind: "result", result: message.result }, line.length);
        break;
      case "error":
        if (message.id !== null) this.#settle(message.id, { kind: "error", error: message.error }, line.length);
        else this.#context.observer.onLog(`[stdout] an error without an id (code ${message.error.code})`);
        break;
      case "notification":
        this.#route(message.method, message.params);
        break;
      case "request":
        this.#serverRequests.serve(
          message,
          this.#pending.originOf(message.params, this.#context.clock.nowMs()),
          this.#context.isSole,
        );
        break;
      case "invalid":
        this.#skip(line, message);
        break;
    }
  }

  /**
   * A message was too large and has ended. It fails the request that it answers, and no other: where the ends do not tell which
   * one that is, and more than one is in flight, each waits on for its own answer or its deadline.
   */
  #skipped(message: SkippedMessage, bytes: number): void {
    const known = message.kind === "response" ? message.id : undefined;
    const entry =
      known !== undefined
        ? this.#pending.answered(known, this.#context.clock.nowMs())
        : message.kind === "other"
          ? undefined
          : this.#pending.takeSole(this.#context.clock.nowMs());
    const { lineBytesMax } = this.#context.limits;
    const size = `${bytes} bytes, more than ${lineBytesMax} (max_message_bytes)`;
    const whose = entry === undefined ? "" : `, in answer to ${entry.request.method}`;
    this.#context.observer.onLog(`[stdout] a message of ${size}, was skipped${whose}`);
    entry?.settle(tooLarge(`the answer to ${entry.request.method} has ${size}`));
  }

  #settle(id: JsonRpcId, reply: UpstreamReply, bytes: number): void {
    const entry = this.#pending.answered(id, this.#context.clock.nowMs());
    if (entry?.request.sizes !== undefined) entry.request.sizes.responseBytes = bytes;
    entry?.settle(reply);
  }

  #route(method: string, params: JsonObject): void {
    if (method === "notifications/progress") {
      const progress = this.#pending.progress(params.progressToken, params);
      // Without a request it is late, and nobody waits for it.
      if (progress !== undefined) deliver(progress.request, { method, params: progress.params });
      return;
    }
    if (method === "notifications/cancelled") {
      this.#serverRequests.cancel(params.requestId);
      return;
    }
    const request = this.#ownerOf(method, params);
    if (request?.onNotification !== undefined) deliver(request, { method, params: withoutSubscription(params) });
    else this.#context.observer.onNotification({ method, params });
  }

  #ownerOf(method: string, params: JsonObject): UpstreamRequest | undefined {
    const subscription = metaOf(params)[META.subscriptionId];
    if (subscription !== undefined) return this.#pending.request(subscription);
    if (method !== "notifications/message") return undefined;
    const origin = this.#pending.originOf(params, this.#context.clock.nowMs());
    return typeof origin === "string" ? undefined : origin;
  }

  #skip(line: Buffer, message: InvalidMessage): void {
    const entry = this.#pending.answered(message.answers, this.#context.clock.nowMs());
    if (entry !== undefined) {
      const text = `the answer to ${entry.request.method} is not MCP: ${message.reason}`;
      entry.settle(failed("protocol", text, true));
      return;
    }
    this.#noise++;
    if (this.#noise > NOISE_LOGGED_MAX) return;
    // Once there were calls, what is no message may be a piece of one, and so of a caller's result.
    const quoted = this.#pending.hadCalls ? "" : ` ${excerpt(line)}`;
    this.#context.observer.onLog(`[stdout]${quoted} a line of ${line.length} bytes was skipped: ${message.reason}`);
  }

  #break(message: string): void {
    this.end("protocol", message);
    this.#context.onBroken(message);
  }
}

function failed(errorType: UpstreamFailure["errorType"], message: string, maybeExecuted: boolean): UpstreamFailure {
  return { kind: "failed", errorType, message, maybeExecuted };
}

function excerpt(line: Buffer): string {
  return JSON.stringify(line.toString("utf8", 0, EXCERPT_BYTES));
}

/** The id of the subscription is ours, and means nothing to whom the notification is for. */
function withoutSubscription(params: JsonObject): JsonObject {
  const meta = metaOf(params);
  if (meta[META.subscriptionId] === undefined) return params;
  const { [META.subscriptionId]: _ours, ...rest } = meta;
  return { ...params, _meta: rest };
}
