import type { Clock } from "../../platform/platform.ts";
import {
  decodeLargeMessage,
  decodeMessage,
  type IncomingMessage,
  type InvalidMessage,
  LARGE_MESSAGE_BYTES,
  type MessageBatch,
} from "../../protocol/decode.ts";
import { META } from "../../protocol/eras.ts";
import { type JsonObject, type JsonRpcId, type JsonRpcNotification, RPC } from "../../protocol/json-rpc.ts";
import { metaOf } from "../../protocol/meta.ts";
import { skippedMessage } from "../../protocol/skipped-message.ts";
import { type HopMeta, notificationText, outgoingParams, replyText, requestText } from "../outgoing-message.ts";
import {
  type SessionObserver,
  tooLarge,
  type UpstreamFailure,
  type UpstreamReply,
  type UpstreamRequest,
} from "../session.ts";
import type { StdioLimits } from "./limits.ts";
import { type Flow, LinePace } from "./line-pace.ts";
import { LineSplitter, type SkippedEnd } from "./line-splitter.ts";
import { deliver, PendingRequests } from "./pending-requests.ts";
import type { PipeWriter } from "./pipe-writer.ts";
import { ServerRequests } from "./server-requests.ts";

/** What a connection works with. */
export interface ConnectionContext {
  readonly writer: PipeWriter;
  readonly clock: Clock;
  readonly observer: SessionObserver;
  readonly limits: StdioLimits;
  /** Holds back what the server writes for as long as there is enough to do. */
  readonly flow: Flow;
  /** The server broke the protocol beyond repair: nothing it sends can be understood any more. */
  readonly onBroken: (message: string) => void;
}

/** Bytes of what a server that is starting writes to stdout by mistake, for the log. */
const EXCERPT_BYTES = 200;
/** Lines that were no messages, of one session, that the log tells of: more say nothing new. */
const NOISE_LOGGED_MAX = 1_000;
/** Bytes of `{"id":1}`: what is shorter does not even tell which request it may belong to, and need not be parsed. */
const MESSAGE_BYTES_MIN = 8;
const TOO_SHORT: InvalidMessage = {
  kind: "invalid",
  reason: "it is too short to be a message",
  code: RPC.parseError,
  id: undefined,
  answers: undefined,
};
/** Bytes of the beginning of a line that is too long: enough to tell what it was. */
const HEAD_BYTES = 512;

/** Many requests of many callers over the two pipes of one server. */
export class StdioConnection {
  readonly #context: ConnectionContext;
  readonly #pending = new PendingRequests();
  readonly #incoming: LineSplitter;
  readonly #pace: LinePace;
  readonly #serverRequests: ServerRequests;
  /** Why nothing is sent any more. */
  #over: Pick<UpstreamFailure, "errorType" | "message"> | undefined;
  /** Set when the server turns out to be modern. */
  #hop: HopMeta;
  #noise = 0;
  /** Lines that came while a large one is being read; `undefined` while none is. */
  #waiting: Buffer[] | undefined;
  /** The first bytes of a line that is too long, until it has ended. */
  #head: Buffer | undefined;

  constructor(context: ConnectionContext) {
    this.#context = context;
    // While a large message is read, the flow is held back on its behalf.
    this.#pace = new LinePace(context.clock, context.flow, () => this.#waiting === undefined);
    this.#incoming = new LineSplitter(
      context.limits.lineBytesMax,
      (line, truncated) => this.#receive(line, truncated),
      (skipped) => this.#skipped(skipped),
    );
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
    this.#incoming.push(chunk);
    this.#pace.chunk();
    const { skippedBytesMax } = this.#context.limits;
    if (this.#incoming.skippedBytes > skippedBytesMax) {
      this.#break(`the server wrote more than ${skippedBytesMax} bytes without a line break, which is no message`);
    }
  }

  /** Ends the connection; every request in flight settles with that failure. Only the first end counts. */
  end(errorType: UpstreamFailure["errorType"], message: string): void {
    if (this.#over !== undefined) return;
    this.#incoming.end();
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
  }

  #receive(line: Buffer, truncated: boolean): void {
    this.#pace.line();
    if (this.#over !== undefined || isBlank(line)) return;
    if (truncated) {
      this.#head = Buffer.from(line.subarray(0, HEAD_BYTES));
      return;
    }
    if (line.length < MESSAGE_BYTES_MIN) this.#skip(line, TOO_SHORT);
    else if (this.#waiting !== undefined) this.#waiting.push(line);
    else if (line.length >= LARGE_MESSAGE_BYTES) void this.#receiveLarge(line);
    else this.#takeAll(decodeMessage(line), line);
  }

  /** Reads a large message in slices. What comes meanwhile waits, so that all is taken in the order in which it was written. */
  async #receiveLarge(first: Buffer): Promise<void> {
    const { clock, flow } = this.#context;
    const waiting = [first];
    this.#waiting = waiting;
    flow.pause();
    for (let line = waiting.shift(); line !== undefined; line = waiting.shift()) {
      const large = line.length >= LARGE_MESSAGE_BYTES;
      const message = large
        ? await decodeLargeMessage(line, (resume) => clock.schedule(0, resume))
        : decodeMessage(line);
      if (this.#over !== undefined) return;
      this.#takeAll(message, line);
    }
    this.#waiting = undefined;
    flow.resume();
  }

  #takeAll(message: IncomingMessage | MessageBatch, line: Buffer): void {
    if (message.kind !== "batch") this.#take(message, line);
    else for (const each of message.messages) this.#take(each, line);
  }

  #take(message: IncomingMessage, line: Buffer): void {
    if (message.kind !== "invalid") this.#context.observer.onMessage("received", message.kind);
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
        this.#serverRequests.serve(message, this.#pending.originOf(this.#context.clock.nowMs()));
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
  #skipped({ bytes, tail }: SkippedEnd): void {
    const message = skippedMessage(this.#head ?? tail, tail);
    this.#head = undefined;
    if (this.#over !== undefined) return;
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
    return method === "notifications/message" ? this.#pending.originOf(this.#context.clock.nowMs()) : undefined;
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

/** What is longer is no separator between messages, but something to complain of. */
const BLANK_BYTES_MAX = 1_024;

function isBlank(line: Buffer): boolean {
  if (line.length > BLANK_BYTES_MAX) return false;
  for (const byte of line) if (byte !== 0x20 && byte !== 0x09 && byte !== 0x0d) return false;
  return true;
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
