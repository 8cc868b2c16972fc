import { type Encoded, encodedBytes } from "../encode.ts";
import type { EventOutput } from "../event-output.ts";

/** Events of one answer that are kept. Of more, the oldest go: they are progress and log lines, and the answer comes last. */
const EVENTS_MAX = 256;
/** What an event takes besides its bytes. */
const EVENT_BYTES = 128;
/** Milliseconds a client should wait before it comes back. */
const RETRY_MS = 1_000;

/** What an answer tells its owner of. */
export interface AnswerKeeper {
  /** Counts bytes that are kept from now on, or no longer when negative. */
  readonly count: (bytes: number) => void;
  /** Whether so many bytes are worth keeping. */
  readonly fits: (bytes: number) => boolean;
  /** The answer has ended. */
  readonly ended: (answer: KeptAnswer) => void;
}

interface KeptEvent {
  readonly number: number;
  readonly message: Encoded;
  readonly bytes: number;
}

/**
 * The event stream of one answer, kept while it lasts and for a while behind its end, so that a client that lost its connection
 * takes it up where it broke off. Its events have numbers that count on from 1.
 */
export class KeptAnswer {
  readonly number: number;
  readonly #keeper: AnswerKeeper;
  readonly #isPrimed: boolean;
  #events: KeptEvent[] = [];
  #bytes = 0;
  #last = 0;
  #output: EventOutput | undefined;
  #ended = false;

  /** `number` tells it from other answers of its session. `isPrimed` is for clients that know an event without data. */
  constructor(number: number, keeper: AnswerKeeper, isPrimed: boolean) {
    this.number = number;
    this.#keeper = keeper;
    this.#isPrimed = isPrimed;
  }

  /** Bytes that are kept. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Whether the event that was sent last is kept: of an answer that has ended, the answer itself. */
  get hasLast(): boolean {
    return this.#events.at(-1)?.number === this.#last;
  }

  /** Writes to the response to the request itself. */
  begin(output: EventOutput): void {
    if (this.#isPrimed) output.prime(this.#idOf(0), RETRY_MS);
    this.#writeTo(output);
  }

  /** Goes on with another response, behind the event `after`. The one before is ended: its client knows that it is dead. */
  resume(output: EventOutput, after: number): void {
    this.#output?.end();
    for (const { number, message } of this.#events) if (number > after) output.message(message, this.#idOf(number));
    if (this.#ended) output.end();
    else this.#writeTo(output);
  }

  /** Sends a message in front of the answer. */
  send(message: Encoded): void {
    if (this.#ended) return;
    const number = ++this.#last;
    this.#keep(number, message);
    this.#output?.message(message, this.#idOf(number));
  }

  /** Sends the answer itself, with which the stream ends. */
  finish(message: Encoded): void {
    if (this.#ended) return;
    this.send(message);
    this.#ended = true;
    this.#output?.end();
    this.#output = undefined;
    this.#keeper.ended(this);
  }

  /** Gives up what is kept; what comes is kept again. */
  forget(): void {
    this.#keeper.count(-this.#bytes);
    this.#bytes = 0;
    this.#events = [];
  }

  #keep(number: number, message: Encoded): void {
    const bytes = encodedBytes(message) + EVENT_BYTES;
    if (!this.#keeper.fits(bytes)) return;
    const oldest = this.#events.length < EVENTS_MAX ? undefined : this.#events.shift();
    this.#events.push({ number, message, bytes });
    const more = bytes - (oldest?.bytes ?? 0);
    this.#bytes += more;
    this.#keeper.count(more);
  }

  #writeTo(output: EventOutput): void {
    this.#output = output;
    output.onClose(() => {
      if (this.#output === output) this.#output = undefined;
    });
  }

  #idOf(event: number): string {
    return `${this.number}-${event}`;
  }
}
