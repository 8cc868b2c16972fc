import type { BatchCancellationReason } from "@mcp-hangar/telemetry";
import { type CallResult, outcomeOf } from "../call.ts";
import { type Failure, failure } from "../errors.ts";
import type { CancelSignal } from "../platform/cancellation.ts";
import type { CancelTimer, Clock } from "../platform/platform.ts";
import { FairQueue } from "./fair-queue.ts";
import type { BatchCall, BatchRequest } from "./request.ts";

/** How long calls that were told to stop may take to say so. A batch answers at most this much after its deadline. */
const GRACE_MS = 100;

/** How an item of a batch ended. */
export interface SettledItem {
  readonly index: number;
  readonly call: BatchCall;
  /** Id of the last attempt; `undefined` when there was none. */
  readonly callId: string | undefined;
  readonly attempts: number;
  /** From the start of the first attempt to the end of the last, waits included; 0 without an attempt. */
  readonly elapsedMs: number;
  readonly result: CallResult;
}

export interface BatchEnd {
  /** One an item, in the order of the request. */
  readonly items: readonly SettledItem[];
  /** Why the batch was cut short; `undefined` when every item ended by itself. */
  readonly cancellation: BatchCancellationReason | undefined;
}

/** One attempt at one item. */
export interface Attempt {
  readonly call: BatchCall;
  /** Position of the item in the batch, from 0. */
  readonly index: number;
  /** Which attempt at the item it is, from 1. */
  readonly number: number;
  readonly callId: string;
  readonly timeoutMs: number;
}

/** What a run needs from the gateway. */
export interface BatchWork {
  readonly clock: Clock;
  readonly batchId: string;
  /** Milliseconds that a call of the server may take when the item does not say. */
  readonly defaultTimeoutMs: (server: string) => number;
  /** Must not reject. */
  readonly attempt: (attempt: Attempt, signal: CancelSignal) => Promise<CallResult>;
  /** Takes how an attempt ended; what comes back is kept until the end of the batch. */
  readonly keep: (index: number, result: CallResult) => CallResult;
  /** Milliseconds until the next attempt, or `undefined` when there must be none. */
  readonly retryDelayMs: (result: CallResult, call: BatchCall, attempts: number) => number | undefined;
}

interface Item {
  readonly index: number;
  readonly server: string;
  readonly call: BatchCall;
  attempts: number;
  startedMs: number | undefined;
  /** How the last attempt ended, while there may be another. */
  last: CallResult | undefined;
  /** Whether any attempt may have reached the server. */
  mayHaveRun: boolean;
}

/**
 * The worker loop of one batch: at most `max_concurrency` attempts at a time, retries that wait without holding a slot,
 * and an end in time, whatever the upstreams do.
 */
export class BatchRun {
  readonly #request: BatchRequest;
  readonly #work: BatchWork;
  readonly #deadlineMs: number;
  readonly #queue = new FairQueue<Item>();
  readonly #sleeping = new Map<Item, CancelTimer>();
  readonly #executing = new Set<Item>();
  readonly #settled: (SettledItem | undefined)[];
  readonly #abort = new AbortController();
  readonly #done = Promise.withResolvers<void>();
  #open: number;
  #cancellation: BatchCancellationReason | undefined;
  #cancelGrace: CancelTimer | undefined;

  constructor(request: BatchRequest, work: BatchWork) {
    this.#request = request;
    this.#work = work;
    this.#deadlineMs = work.clock.nowMs() + request.timeout * 1_000;
    this.#open = request.calls.length;
    this.#settled = request.calls.map(() => undefined);
    for (const [index, call] of request.calls.entries()) {
      this.#queue.push({
        index,
        server: call.server,
        call,
        attempts: 0,
        startedMs: undefined,
        last: undefined,
        mayHaveRun: false,
      });
    }
  }

  /** Runs all items. Aborting `signal` means that the client left. To be called once; never rejects. */
  async run(signal?: CancelSignal): Promise<BatchEnd> {
    const cancelDeadline = this.#work.clock.schedule(this.#request.timeout * 1_000, () => this.#cut("timeout"));
    const onAbort = (): void => this.#cut("client");
    signal?.addEventListener("abort", onAbort);
    try {
      if (signal?.aborted) this.#cut("client");
      this.#fill();
      await this.#done.promise;
    } finally {
      signal?.removeEventListener("abort", onAbort);
      cancelDeadline();
      this.#cancelGrace?.();
    }
    return { items: this.#settled.filter((item) => item !== undefined), cancellation: this.#cancellation };
  }

  #fill(): void {
    while (this.#executing.size < this.#request.max_concurrency) {
      const item = this.#queue.take();
      if (item === undefined) return;
      this.#executing.add(item);
      void this.#attempt(item);
    }
  }

  async #attempt(item: Item): Promise<void> {
    const { clock, defaultTimeoutMs, attempt, keep } = this.#work;
    const nowMs = clock.nowMs();
    item.startedMs ??= nowMs;
    item.attempts++;
    const wantedMs = item.call.timeout === undefined ? defaultTimeoutMs(item.server) : item.call.timeout * 1_000;
    // The call times out by itself when the batch does, so that it is counted as what it is.
    const leftMs = Math.ceil(this.#deadlineMs - nowMs);
    const timeoutMs = Math.min(wantedMs, leftMs);
    const ended = await attempt(
      { call: item.call, index: item.index, number: item.attempts, callId: this.#callId(item), timeoutMs },
      this.#abort.signal,
    );
    this.#queue.done(item);
    // Abandoned: the batch has answered, and how the call ended is in its own event.
    if (!this.#executing.delete(item)) return;
    const result = keep(item.index, ended);
    item.mayHaveRun ||= result.kind !== "failure" || result.maybeExecuted;
    if (leftMs <= wantedMs && isTimeout(result)) this.#cut("timeout");
    if (!this.#retry(item, result)) this.#settle(item, result);
    this.#fill();
  }

  /** Whether there will be another attempt. */
  #retry(item: Item, result: CallResult): boolean {
    if (this.#cancellation !== undefined || item.attempts >= this.#request.max_attempts) return false;
    if (outcomeOf(result).status === "success") return false;
    const { clock, retryDelayMs } = this.#work;
    const delayMs = retryDelayMs(result, item.call, item.attempts);
    // Waiting for the deadline would help nobody.
    if (delayMs === undefined || clock.nowMs() + delayMs >= this.#deadlineMs) return false;
    item.last = result;
    const wake = (): void => {
      this.#sleeping.delete(item);
      this.#queue.push(item);
      this.#fill();
    };
    this.#sleeping.set(item, clock.schedule(delayMs, wake));
    return true;
  }

  #settle(item: Item, result: CallResult): void {
    const { clock } = this.#work;
    this.#settled[item.index] = {
      index: item.index,
      call: item.call,
      callId: item.attempts === 0 ? undefined : this.#callId(item),
      attempts: item.attempts,
      elapsedMs: item.startedMs === undefined ? 0 : clock.nowMs() - item.startedMs,
      result: result.kind === "failure" && item.mayHaveRun ? { ...result, maybeExecuted: true } : result,
    };
    this.#open--;
    if (this.#open === 0) this.#done.resolve();
    else if (this.#request.fail_fast && outcomeOf(result).status !== "success") this.#cut("fail_fast");
  }

  /** Ends the batch early: what waits is settled now, what runs is stopped and given a moment to say how it ended. */
  #cut(reason: BatchCancellationReason): void {
    if (this.#cancellation !== undefined || this.#open === 0) return;
    this.#cancellation = reason;
    this.#cancelGrace = this.#work.clock.schedule(GRACE_MS, () => this.#abandon(reason));
    // At the deadline the calls are ending by their own timeouts.
    if (reason !== "timeout") this.#abort.abort(new DOMException(`the batch was cut short: ${reason}`, "AbortError"));
    const waiting = [...this.#queue.takeAll(), ...this.#sleeping.keys()];
    for (const cancel of this.#sleeping.values()) cancel();
    this.#sleeping.clear();
    // An item between two attempts ends with what the last one said.
    for (const item of waiting) this.#settle(item, item.last ?? this.#notStarted(reason));
  }

  /** Answers for calls that do not react. They stay aborted, and hold their slots at the gateway until they end. */
  #abandon(reason: BatchCancellationReason): void {
    this.#abort.abort(new DOMException("the batch has answered without this call", "AbortError"));
    for (const item of this.#executing) {
      this.#executing.delete(item);
      this.#settle(item, abandoned(reason, item));
    }
  }

  #notStarted(reason: BatchCancellationReason): Failure {
    return failure("cancelled", `not started: ${this.#because(reason)}`);
  }

  #because(reason: BatchCancellationReason): string {
    switch (reason) {
      case "timeout":
        return `the batch reached its deadline of ${this.#request.timeout} s`;
      case "fail_fast":
        return "another call of the batch failed, and fail_fast is set";
      case "client":
        return "the client cancelled the batch";
    }
  }

  #callId(item: Item): string {
    return `${this.#work.batchId}-${item.index}-${item.attempts}`;
  }
}

function abandoned(reason: BatchCancellationReason, { server }: Item): Failure {
  const message = `server "${server}" did not react when the call was stopped`;
  return { ...failure(reason === "timeout" ? "timeout" : "cancelled", message), maybeExecuted: true };
}

function isTimeout(result: CallResult): boolean {
  return result.kind === "failure" && result.code === "timeout";
}
