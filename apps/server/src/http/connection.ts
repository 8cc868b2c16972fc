import type { IncomingMessage, ServerResponse } from "node:http";
import type { Socket } from "node:net";

export type RequestHandler = (request: IncomingMessage, response: ServerResponse) => void;

/**
 * Requests of one connection that may wait for the answers to earlier ones. Clients that pipeline send a few ahead; a
 * flood of requests whose answers nobody reads ends the connection.
 */
const PIPELINED_MAX = 32;
/** Slowest reader that is waited for, in bytes a millisecond: 32 KiB a second, as over a bad mobile network. */
const SLOWEST_BYTES_PER_MS = 32;

/** One connection of a client. Its requests are worked off one after the other, as their answers go out. */
export class Connection {
  readonly #socket: Socket;
  readonly #handle: RequestHandler;
  readonly #waiting: { readonly request: IncomingMessage; readonly response: ServerResponse }[] = [];
  /** The answer being given, or given last. */
  #answering: ServerResponse | undefined;
  /** When the client must have taken what waits for it; `undefined` when nothing does. */
  #overdueAtMs: number | undefined;
  #wasUsed = true;

  constructor(socket: Socket, handle: RequestHandler) {
    this.#socket = socket;
    this.#handle = handle;
  }

  /** Takes the next request that the client sent. */
  take(request: IncomingMessage, response: ServerResponse): void {
    this.#wasUsed = true;
    const before = this.#answering;
    if (this.#waiting.length === 0 && (before === undefined || before.writableFinished || before.closed)) {
      this.#begin(request, response);
      return;
    }
    if (this.#waiting.length >= PIPELINED_MAX) {
      this.#socket.destroy();
      return;
    }
    this.#waiting.push({ request, response });
    if (this.#waiting.length === 1) before?.once("close", () => this.#next());
  }

  /** Whether a request has come since this was asked last. */
  takeUsed(): boolean {
    const used = this.#wasUsed;
    this.#wasUsed = false;
    return used;
  }

  /** Whether the client waits for another answer, or is in the middle of one. */
  get isOwedAnswer(): boolean {
    const answering = this.#answering;
    if (this.#waiting.length > 0) return true;
    if (answering === undefined || answering.writableFinished) return false;
    return answering.headersSent || answering.req.complete;
  }

  /** Whether an answer was given that the client has not taken yet. */
  get isUnsent(): boolean {
    return this.#answering?.writableEnded === true && !this.#answering.writableFinished;
  }

  /**
   * To be called every now and then. True when the client has not taken what was written for it in time. How fast it takes
   * it Node.js looks after with the timeout of the socket; a client that takes a byte now and then has an end as well.
   */
  isOverdue(nowMs: number, writeTimeoutMs: number): boolean {
    const answering = this.#answering;
    const finished = answering === undefined || answering.writableFinished;
    const bytes = finished ? 0 : answering.writableLength;
    if (bytes === 0) {
      // When the answer is finished, Node.js has set the timeout of an idle connection.
      if (this.#overdueAtMs !== undefined && !finished) this.#socket.setTimeout(0);
      this.#overdueAtMs = undefined;
      return false;
    }
    if (this.#overdueAtMs === undefined) {
      this.#overdueAtMs = nowMs + writeTimeoutMs + bytes / SLOWEST_BYTES_PER_MS;
      this.#socket.setTimeout(writeTimeoutMs);
    }
    return nowMs >= this.#overdueAtMs;
  }

  /** Whether the timeout of the socket, which has passed, was that for taking an answer. */
  get isWaitedFor(): boolean {
    return this.#overdueAtMs !== undefined && this.#answering?.writableFinished === false;
  }

  #begin(request: IncomingMessage, response: ServerResponse): void {
    this.#answering = response;
    this.#handle(request, response);
  }

  #next(): void {
    const next = this.#waiting.shift();
    if (next === undefined || this.#socket.destroyed) {
      this.#waiting.length = 0;
      return;
    }
    this.#begin(next.request, next.response);
    if (this.#waiting.length > 0) next.response.once("close", () => this.#next());
  }
}
