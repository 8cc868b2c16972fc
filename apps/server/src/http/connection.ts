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

/** Pieces of the time that a client has for taking something, and ms of one at most: how exact its end is. */
const LOOKS = 10;
const LOOK_MS_MAX = 1_000;
/** Looks without a word of Node.js that mean that it saw something move in between. */
const MOVED = 1.75;

/** What a client has taken of what was written for it, as last seen. */
interface Taking {
  /** When it must have taken everything. */
  readonly overdueAtMs: number;
  /** Bytes of whole writes that it has taken. */
  bytes: number;
  /** When it was seen to take nothing, last; `undefined` before that. */
  idleAtMs: number | undefined;
  /** For how long it has taken nothing. */
  idleMs: number;
}

/** One connection of a client. Its requests are worked off one after the other, as their answers go out. */
export class Connection {
  readonly #socket: Socket;
  readonly #handle: RequestHandler;
  readonly #waiting: { readonly request: IncomingMessage; readonly response: ServerResponse }[] = [];
  /** The answer being given, or given last. */
  #answering: ServerResponse | undefined;
  /** `undefined` when nothing waits for the client. */
  #taking: Taking | undefined;
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
   * it {@link isStalled} looks after; a client that takes a byte now and then has an end as well.
   */
  isOverdue(nowMs: number, writeTimeoutMs: number): boolean {
    const answering = this.#answering;
    const finished = answering === undefined || answering.writableFinished;
    const bytes = finished ? 0 : answering.writableLength;
    if (bytes === 0) {
      // When the answer is finished, Node.js has set the timeout of an idle connection.
      if (this.#taking !== undefined && !finished) this.#socket.setTimeout(0);
      this.#taking = undefined;
      return false;
    }
    if (this.#taking === undefined) {
      const overdueAtMs = nowMs + writeTimeoutMs + bytes / SLOWEST_BYTES_PER_MS;
      this.#taking = { overdueAtMs, bytes: this.#takenBytes, idleAtMs: undefined, idleMs: 0 };
      this.#socket.setTimeout(lookMs(writeTimeoutMs));
    }
    return nowMs >= this.#taking.overdueAtMs;
  }

  /** Whether the timeout of the socket, which has passed, was one for taking an answer. */
  get isWaitedFor(): boolean {
    return this.#taking !== undefined && this.#answering?.writableFinished === false;
  }

  /**
   * To be called when such a timeout has passed. True when the client has taken nothing for `writeTimeoutMs`. Node.js says
   * when nothing has moved for as long as it was asked to look, and begins anew without a word where something has: so it
   * looks for a piece of the time, again and again, and the end comes at most two pieces late and never early.
   */
  isStalled(nowMs: number, writeTimeoutMs: number): boolean {
    const taking = this.#taking;
    if (taking === undefined) return false;
    const pieceMs = lookMs(writeTimeoutMs);
    const bytes = this.#takenBytes;
    const { idleAtMs = nowMs } = taking;
    const hasMoved = bytes !== taking.bytes || nowMs - idleAtMs > MOVED * pieceMs;
    taking.idleMs = hasMoved ? pieceMs : taking.idleMs + pieceMs;
    taking.bytes = bytes;
    taking.idleAtMs = nowMs;
    if (taking.idleMs >= writeTimeoutMs) return true;
    this.#socket.setTimeout(pieceMs);
    return false;
  }

  get #takenBytes(): number {
    return this.#socket.bytesWritten - this.#socket.writableLength;
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

/** How long Node.js looks at a time for a client that takes nothing, in ms. */
function lookMs(writeTimeoutMs: number): number {
  return Math.min(LOOK_MS_MAX, Math.ceil(writeTimeoutMs / LOOKS));
}
