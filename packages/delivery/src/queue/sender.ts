import type { ExportFailureReason } from "@mcp-hangar/telemetry";
import type { Clock } from "../clock.ts";
import type { Accounts } from "./accounts.ts";
import { type AttemptOutcome, attempt } from "./attempt.ts";
import { type Batch, divide } from "./batch.ts";
import { type RetryLimits, retryDelayMs } from "./retry.ts";
import type { Waiting } from "./room.ts";
import type { Send, SendOutcome } from "./send.ts";

/** What a sender needs to send batches. */
export interface SenderOptions<Entry> {
  readonly send: Send<Entry>;
  /** Milliseconds an attempt may take; `undefined` leaves it without a deadline. */
  readonly attemptTimeoutMs: number | undefined;
  readonly retry: RetryLimits;
  readonly clock: Clock;
  /** Uniform in [0, 1). */
  readonly random: () => number;
}

/** What has become of a batch after an attempt. */
export interface Settled<Entry> {
  /** Delivered or given up. */
  readonly gone: readonly Waiting<Entry>[];
  /** What is to be sent again, after the pause; `undefined` when nothing is. */
  readonly rest: Batch<Entry> | undefined;
  /** Milliseconds for which the receiver is to be left alone; `undefined` when nothing failed. */
  readonly pauseMs: number | undefined;
}

/** Sends batches, one at a time: makes attempts, enters how they ended into the accounts, and waits between them. */
export class Sender<Entry> {
  readonly #options: SenderOptions<Entry>;
  readonly #accounts: Accounts<"rejected" | "retries_exhausted">;
  #attempt: AbortController | undefined;
  #endPause: (() => void) | undefined;
  #isAbandoned = false;
  #failuresInARow = 0;
  #problem: string | undefined;
  #lastSuccessSeconds: number | undefined;

  constructor(options: SenderOptions<Entry>, accounts: Accounts<"rejected" | "retries_exhausted">) {
    this.#options = options;
    this.#accounts = accounts;
  }

  /** Why the last attempt did not deliver everything; `undefined` when it did. */
  get problem(): string | undefined {
    return this.#problem;
  }

  /** Seconds since the epoch; `undefined` before the first delivery. */
  get lastSuccessSeconds(): number | undefined {
    return this.#lastSuccessSeconds;
  }

  /** Sends a batch once. Whoever awaits it settles the outcome, if the batch is still theirs. */
  async attempt(batch: Batch<Entry>): Promise<AttemptOutcome> {
    const { send, attemptTimeoutMs: timeoutMs, clock } = this.#options;
    const controller = new AbortController();
    this.#attempt = controller;
    const outcome = await attempt(send, batch.entries, { clock, timeoutMs, controller });
    if (this.#attempt === controller) this.#attempt = undefined;
    return outcome;
  }

  /** Enters what became of a batch into the accounts. */
  settle(batch: Batch<Entry>, outcome: SendOutcome): Settled<Entry> {
    const { gone, rejected, rest } = divide(batch, outcome);
    const delivered = gone.length - rejected;
    this.#accounts.deliver(delivered);
    this.#accounts.drop("rejected", rejected);
    if (delivered > 0) {
      this.#lastSuccessSeconds = this.#options.clock.wallMs() / 1_000;
      this.#failuresInARow = 0;
    }
    if (rejected === 0 && rest === undefined) {
      this.#problem = undefined;
      return { gone, rest, pauseMs: undefined };
    }
    this.fail("reason" in outcome ? outcome.reason : "rejected", "message" in outcome ? outcome.message : undefined);
    if (rest === undefined) return { gone, rest, pauseMs: undefined };
    const pauseMs = this.backOffMs("retryAfterMs" in outcome ? outcome.retryAfterMs : undefined);
    if (!this.#isHopeless(rest, pauseMs)) return { gone, rest, pauseMs };
    this.#accounts.drop("retries_exhausted", rest.waiting.length);
    return { gone: [...gone, ...rest.waiting], rest: undefined, pauseMs };
  }

  /** Counts an attempt that failed. */
  fail(reason: ExportFailureReason, message?: string): void {
    this.#accounts.fail(reason);
    this.#problem = message ?? reason;
  }

  /** Milliseconds to wait after one more failure in a row. */
  backOffMs(retryAfterMs?: number): number {
    this.#failuresInARow += 1;
    return retryDelayMs(this.#failuresInARow, this.#options.retry, this.#options.random, retryAfterMs);
  }

  /** Waits for so long, or until `hurry`. Without a number it waits for a turn: batch after batch in one would hold the event loop. */
  async pause(delayMs: number | undefined): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const { clock } = this.#options;
    if (delayMs === undefined || this.#isAbandoned) return new Promise((turn) => clock.defer(turn));
    const cancel = clock.schedule(delayMs, resolve);
    this.#endPause = resolve;
    await promise;
    this.#endPause = undefined;
    cancel();
  }

  /** Ends the pause, if there is one. */
  hurry(): void {
    this.#endPause?.();
  }

  /** Gives up the attempt that is being made, and ends the pause; there are no more of them. */
  abandon(): void {
    this.#isAbandoned = true;
    this.#attempt?.abort();
    this.#endPause?.();
  }

  #isHopeless({ attempts, sinceMs }: Batch<Entry>, pauseMs: number): boolean {
    const { attemptsMax = Number.POSITIVE_INFINITY, elapsedMaxMs = Number.POSITIVE_INFINITY } = this.#options.retry;
    return attempts >= attemptsMax || this.#options.clock.nowMs() + pauseMs - sinceMs > elapsedMaxMs;
  }
}
