import type { ServerResponse } from "node:http";
import type { CancelTimer, Clock } from "@mcp-hangar/core";
import type { Exchange } from "../http/traffic.ts";
import { type Encoded, writeFramed } from "./encode.ts";

/** Keeps proxies from closing a silent stream; as often it is asked whether the client may still have it. */
const KEEP_ALIVE_MS = 15_000;
/** A client that reads slower than servers talk is cut off when this much waits for it, or when its caller has no room. */
const MAX_BUFFERED_BYTES = 16 * 1024 * 1024;
const KEEP_ALIVE = ": keep-alive\n\n";
const FAREWELL = ": access has ended\n\n";

/** What a stream has to know of its client. */
export interface OutputClient {
  /** Whether the client may still hear of anything: keys are revoked and tokens expire. */
  readonly mayStay: () => boolean;
  /** The account on which what waits for the client is counted. */
  readonly exchange: Exchange;
}

/** A response that is an event stream. It shows signs of life, and ends when its client may not have it any more or does not read. */
export class EventOutput {
  readonly #response: ServerResponse;
  readonly #client: OutputClient;
  readonly #clock: Clock;
  #cancelTimer: CancelTimer | undefined;

  constructor(response: ServerResponse, client: OutputClient, clock: Clock) {
    this.#response = response;
    this.#client = client;
    this.#clock = clock;
  }

  /** Whether nothing can be written any more. */
  get closed(): boolean {
    return this.#response.writableEnded || this.#response.destroyed;
  }

  /** Calls back once nothing can be written any more, because either side ended the response. */
  onClose(callback: () => void): void {
    this.#response.once("close", callback);
  }

  /** Begins the stream. */
  open(headers: Readonly<Record<string, string>> = {}): void {
    this.#response.writeHead(200, {
      "content-type": "text/event-stream",
      "cache-control": "no-cache, no-transform",
      "x-accel-buffering": "no",
      ...headers,
    });
    this.#response.flushHeaders();
    this.#response.once("close", () => this.#cancelTimer?.());
    this.#keepAlive();
  }

  /** Writes a message; `id` is that of the event, by which the stream can be taken up again. */
  message(message: Encoded, id?: string): void {
    // No message contains a line break, so one data line is enough.
    this.#write(id === undefined ? "event: message\ndata: " : `id: ${id}\nevent: message\ndata: `, message);
  }

  /** Writes an event of another type than `message`, for readers of that type only. */
  event(type: string, data: string): void {
    this.#write(`event: ${type}\ndata: `, data);
  }

  /** Gives the client an id to come back with before there is anything to say, and how long to wait before that, in ms. */
  prime(id: string, retryMs: number): void {
    this.#write(`id: ${id}\nretry: ${retryMs}\ndata: `, "");
  }

  end(): void {
    this.#cancelTimer?.();
    if (!this.closed) this.#response.end();
  }

  #write(before: string, message: Encoded): void {
    if (this.closed) return;
    if (this.#response.writableLength > MAX_BUFFERED_BYTES) {
      this.#response.destroy();
      return;
    }
    writeFramed(this.#response, before, message, "\n\n");
    if (!this.#client.exchange.written()) this.#response.destroy();
  }

  #keepAlive(): void {
    this.#cancelTimer = this.#clock.schedule(KEEP_ALIVE_MS, () => {
      if (this.closed) return;
      // A client that finds its stream ended comes back with credentials that are valid, if it has any.
      if (!this.#client.mayStay()) return void this.#response.end(FAREWELL);
      this.#response.write(KEEP_ALIVE);
      this.#keepAlive();
    });
  }
}
