import type { IncomingMessage, ServerResponse } from "node:http";
import type { Caller, LoadShedReason, LoadSnapshot } from "@mcp-hangar/telemetry";
import { addressKey } from "./address-key.ts";
import { ByteBudget, type ByteLimits } from "./byte-budget.ts";
import { parsedBytes } from "./parsed-bytes.ts";

/**
 * Bodies and answers smaller than this are neither counted nor refused: a connection has one of each at a time, and the
 * kernel takes as much of an answer by itself.
 */
export const UNCOUNTED_BYTES = 64 * 1_024;
/** Bodies smaller than this take no more than that, also when they are parsed. */
const SMALL_BODY_BYTES = 2 * 1_024;
const MEBIBYTE = 1_024 * 1_024;
/** While the gateway holds less than this in all, bodies count as they came: it costs time to look at them. */
const LITTLE_BYTES = 4 * MEBIBYTE;
const DEFAULT_LIMITS: ByteLimits = { total: 256 * MEBIBYTE, perOwner: 64 * MEBIBYTE };

/** The one account of the bytes that the gateway holds because clients send or read them slowly. */
export class Traffic {
  readonly #budget: ByteBudget;
  readonly #shed: Record<LoadShedReason, number> = {
    buffered_bytes: 0,
    unread_answer: 0,
    connections: 0,
    subscriptions: 0,
  };

  /** `limits` are read on each use, because they may change. */
  constructor(limits: () => ByteLimits = () => DEFAULT_LIMITS) {
    this.#budget = new ByteBudget(limits);
  }

  snapshot(): LoadSnapshot {
    return { bufferedBytes: this.#budget.held, shed: { ...this.#shed } };
  }

  /** Counts something that was refused or ended because a limit was reached. */
  countShed(reason: LoadShedReason): void {
    this.#shed[reason]++;
  }

  readonly #countNoRoom = (): void => this.countShed("buffered_bytes");

  /** The account of one exchange, on the share of the caller. */
  exchange(request: IncomingMessage, response: ServerResponse, caller: Caller): Exchange {
    return new Exchange(this.#budget, response, payerOf(request, caller), this.#countNoRoom);
  }
}

/** What one request and its answer hold, until the response is closed. */
export class Exchange {
  readonly #budget: ByteBudget;
  readonly #response: ServerResponse;
  readonly #payer: string;
  readonly #onRefusal: () => void;
  #body = 0;
  #waiting = 0;
  #isWatched = false;
  #isWorkedOn = false;

  constructor(budget: ByteBudget, response: ServerResponse, payer: string, onRefusal: () => void) {
    this.#budget = budget;
    this.#response = response;
    this.#payer = payer;
    this.#onRefusal = onRefusal;
  }

  /** Counts so many more bytes of the request's body; false when there is no room for them. */
  takeBody(bytes: number): boolean {
    if (!this.hasRoomFor(bytes)) return false;
    this.#take(bytes);
    this.#body += bytes;
    return true;
  }

  /** Counts what the whole body takes once it is parsed; false when there is no room for that. */
  takeParsed(body: Buffer): boolean {
    if (body.length < SMALL_BODY_BYTES) return true;
    if (this.#budget.held >= LITTLE_BYTES) return this.takeBody(parsedBytes(body) - this.#body);
    const more = body.length - this.#body;
    this.#take(more);
    this.#body += more;
    return true;
  }

  /** Keeps the body on the account until the work ends: a call of a legacy client goes on when the client has left. */
  keepUntil(work: Promise<unknown>): void {
    if (this.#body === 0) return;
    this.#isWorkedOn = true;
    const giveBack = (): void => {
      this.#isWorkedOn = false;
      if (this.#response.closed) this.#giveBack();
    };
    work.then(giveBack, giveBack);
  }

  /** Whether an answer of that size may be written. */
  hasRoomFor(bytes: number): boolean {
    if (this.#budget.fits(this.#payer, bytes)) return true;
    this.#onRefusal();
    return false;
  }

  /** To be called after each write: counts what waits for the client now. False when that is more than there is room for. */
  written(): boolean {
    const waiting = this.#response.writableLength;
    if (waiting < UNCOUNTED_BYTES && this.#waiting === 0) return true;
    const more = waiting - this.#waiting;
    // What a lone answer needed was looked at before it was written; a stream grows.
    const fits = more <= 0 || this.#waiting === 0 || this.#budget.fits(this.#payer, more);
    if (!fits) this.#onRefusal();
    this.#take(more);
    this.#waiting = waiting;
    return fits;
  }

  #take(bytes: number): void {
    this.#budget.take(this.#payer, bytes);
    if (this.#isWatched) return;
    this.#isWatched = true;
    this.#response.on("drain", () => this.written());
    this.#response.once("close", () => this.#giveBack());
  }

  #giveBack(): void {
    const body = this.#isWorkedOn ? 0 : this.#body;
    this.#budget.take(this.#payer, -body - this.#waiting);
    this.#body -= body;
    this.#waiting = 0;
  }
}

/** Callers who have not said who they are share nothing but their address. */
function payerOf({ socket }: IncomingMessage, caller: Caller): string {
  if (caller.address !== undefined) return caller.address;
  return caller.type === "anonymous" ? addressKey(socket.remoteAddress ?? "") : caller.credential;
}
