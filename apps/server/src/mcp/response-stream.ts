import type { ServerResponse } from "node:http";
import type { CancelTimer, Clock } from "@mcp-hangar/core";
import { type Exchange, UNCOUNTED_BYTES } from "../http/traffic.ts";
import { type Encoded, encodedBytes, writeFramed } from "./encode.ts";

/** Keeps proxies from closing a silent stream; as often it is asked whether the client may still have it. */
const KEEP_ALIVE_MS = 15_000;
/** Proxies and clients give up connections on which nothing comes. */
const SILENCE_MS = 5_000;
/** A client that reads slower than servers talk is cut off when this much waits for it, or when its caller has no room. */
const MAX_BUFFERED_BYTES = 16 * 1024 * 1024;
/** UTF-8 bytes of one UTF-16 code unit. */
const BYTES_A_CHARACTER_MAX = 3;
const KEEP_ALIVE = ": keep-alive\n\n";
const FAREWELL = ": access has ended\n\n";

/** What a stream has to know of its client. */
export interface StreamClient {
  readonly acceptsEvents: boolean;
  /** Whether the client may still hear of anything: keys are revoked and tokens expire. */
  readonly mayStay: () => boolean;
  /** The account on which what waits for the client is counted. */
  readonly exchange: Exchange;
}

/**
 * The response to one POST. It starts undecided: a lone answer becomes plain JSON, and the first message before the
 * answer turns it into an event stream.
 */
export class ResponseStream {
  readonly #response: ServerResponse;
  readonly #clock: Clock;
  readonly #client: StreamClient;
  #cancelTimer: CancelTimer | undefined;
  #streaming = false;

  constructor(response: ServerResponse, client: StreamClient, clock: Clock) {
    this.#response = response;
    this.#client = client;
    this.#clock = clock;
  }

  /** Shows a client that takes events, after some seconds without an answer, that its request is being worked on. */
  showWork(): void {
    if (this.acceptsEvents) this.#cancelTimer = this.#clock.schedule(SILENCE_MS, () => this.open());
  }

  get acceptsEvents(): boolean {
    return this.#client.acceptsEvents;
  }

  /** Keeps what the request holds on its caller's account until the work on it ends, also when the client leaves before. */
  keepUntil(work: Promise<unknown>): void {
    this.#client.exchange.keepUntil(work);
  }

  /** Turns the response into an event stream now, before there is anything to say. */
  open(headers: Readonly<Record<string, string>> = {}): void {
    if (this.#streaming || this.#response.headersSent || this.#response.destroyed) return;
    this.#cancelTimer?.();
    this.#streaming = true;
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

  /** Sends a message before the answer; dropped when the client takes no event stream. */
  send(message: Encoded): void {
    if (!this.acceptsEvents || this.#response.writableEnded) return;
    this.open();
    this.#write(message);
  }

  /** Whether an answer may be written: the client may have left too many others unread. */
  hasRoomFor(message: Encoded): boolean {
    // Most answers are small text, of which no byte has to be counted.
    if (typeof message === "string" && message.length < UNCOUNTED_BYTES / BYTES_A_CHARACTER_MAX) return true;
    const bytes = encodedBytes(message);
    return bytes < UNCOUNTED_BYTES || this.#client.exchange.hasRoomFor(bytes);
  }

  /** Sends the answer and ends the response. */
  finish(status: number, message: Encoded, headers: Readonly<Record<string, string>> = {}): void {
    this.#cancelTimer?.();
    if (this.#response.writableEnded || this.#response.destroyed) return;
    if (this.#streaming) {
      this.#write(message);
      this.#response.end();
      return;
    }
    this.#response.writeHead(status, {
      "content-type": "application/json",
      "content-length": encodedBytes(message),
      ...headers,
    });
    if (typeof message === "string") this.#response.end(message);
    else {
      writeFramed(this.#response, "", message, "");
      this.#response.end();
    }
    this.#client.exchange.written();
  }

  #write(message: Encoded): void {
    if (this.#response.writableLength > MAX_BUFFERED_BYTES) {
      this.#response.destroy();
      return;
    }
    // No message contains a line break, so one data line is enough.
    writeFramed(this.#response, "event: message\ndata: ", message, "\n\n");
    if (!this.#client.exchange.written()) this.#response.destroy();
  }

  #keepAlive(): void {
    this.#cancelTimer = this.#clock.schedule(KEEP_ALIVE_MS, () => {
      if (this.#response.writableEnded || this.#response.destroyed) return;
      // A client that finds its stream ended comes back with credentials that are valid, if it has any.
      if (!this.#client.mayStay()) return void this.#response.end(FAREWELL);
      this.#response.write(KEEP_ALIVE);
      this.#keepAlive();
    });
  }
}
