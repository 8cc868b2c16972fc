import type { ServerResponse } from "node:http";
import type { CancelTimer, Clock } from "@mcp-hangar/core";
import { UNCOUNTED_BYTES } from "../http/traffic.ts";
import { type Encoded, encodedBytes, writeFramed } from "./encode.ts";
import { EventOutput, type OutputClient } from "./event-output.ts";
import type { KeptAnswer } from "./resumption/kept-answer.ts";

/** Proxies and clients give up connections on which nothing comes. */
const SILENCE_MS = 5_000;
/** UTF-8 bytes of one UTF-16 code unit. */
const BYTES_A_CHARACTER_MAX = 3;

/** What a stream has to know of its client. */
export interface StreamClient extends OutputClient {
  readonly acceptsEvents: boolean;
}

/** Where answers are kept that become event streams: the session. */
interface AnswerKeeping {
  /** `undefined` when it is not to be kept. */
  keepAnswer(): KeptAnswer | undefined;
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
  #output: EventOutput | undefined;
  #keeper: AnswerKeeping | undefined;
  /** What the client can take up again; absent while the response is no event stream, and where it cannot. */
  #kept: KeptAnswer | undefined;

  constructor(response: ServerResponse, client: StreamClient, clock: Clock) {
    this.#response = response;
    this.#client = client;
    this.#clock = clock;
  }

  /** Shows a client that takes events, after some seconds without an answer, that its request is being worked on. */
  showWork(): void {
    if (this.acceptsEvents) this.#cancelTimer = this.#clock.schedule(SILENCE_MS, () => this.open());
  }

  /** From now on, what becomes an event stream is kept there, so that a client that loses its connection can take it up again. */
  keepBy(keeper: AnswerKeeping): void {
    this.#keeper = keeper;
  }

  get acceptsEvents(): boolean {
    return this.#client.acceptsEvents;
  }

  /** Keeps what the request holds on its caller's account until the work on it ends, also when the client leaves before. */
  keepUntil(work: Promise<unknown>): void {
    this.#client.exchange.keepUntil(work);
  }

  /** Turns the response into an event stream now, before there is anything to say. */
  open(): void {
    if (this.#output !== undefined || this.#response.headersSent || this.#response.destroyed) return;
    this.#cancelTimer?.();
    this.#output = new EventOutput(this.#response, this.#client, this.#clock);
    this.#output.open();
    this.#kept = this.#keeper?.keepAnswer();
    this.#kept?.begin(this.#output);
  }

  /** Sends a message before the answer; dropped when the client takes no event stream, or has left before there was one. */
  send(message: Encoded): void {
    if (!this.acceptsEvents) return;
    this.open();
    if (this.#kept !== undefined) this.#kept.send(message);
    else this.#output?.message(message);
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
    if (this.#kept !== undefined) return this.#kept.finish(message);
    if (this.#output !== undefined) {
      this.#output.message(message);
      return this.#output.end();
    }
    if (this.#response.writableEnded || this.#response.destroyed) return;
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
}
