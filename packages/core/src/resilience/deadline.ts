import { Cancellation, type CancelSignal } from "../platform/cancellation.ts";
import type { CancelTimer, Clock } from "../platform/platform.ts";

/** What a deadline has run into: its time, its time since it was last extended, or the limit of all. */
export type DeadlinePassed = "time" | "silence" | "limit";

/** A signal that aborts when time is up or the caller leaves, whichever is first. */
export interface Deadline {
  readonly signal: CancelSignal;
  /** Why the signal aborted, if because time was up. */
  readonly passed: DeadlinePassed | undefined;
  /** Whether the signal aborted because time was up. */
  timedOut(): boolean;
  /** Stands still until the returned function is called, for each of those who have stopped it; the limit goes on. */
  pause(): () => void;
  /** Begins its time anew. */
  extend(): void;
  /** Frees timer and listener. To be called when the work is done; idempotent, and the signal never aborts afterwards. */
  dispose(): void;
}

/** Node.js timers take 31 bits and fire at once beyond that. */
const MAX_TIMER_MS = 2_147_483_647;

/**
 * Starts a deadline `ms` milliseconds from now, tied to `parent`. Without time left the signal is aborted already. However often it is
 * extended or stands still, it passes `limitMs` milliseconds from now.
 */
export function startDeadline(
  clock: Clock,
  ms: number,
  parent?: CancelSignal,
  limitMs: number = Number.POSITIVE_INFINITY,
): Deadline {
  return new SignalDeadline(clock, ms, parent, limitMs);
}

// AbortSignal.any over AbortSignal.timeout would do the same at three times the cost, and without a clock to pass in.
class SignalDeadline implements Deadline {
  passed: DeadlinePassed | undefined;
  readonly #clock: Clock;
  readonly #ms: number;
  readonly signal = new Cancellation();
  readonly #parent: CancelSignal | undefined;
  readonly #limitAtMs: number;
  /** When it passes; the timer may fire earlier, and looks. */
  #dueAtMs: number;
  /** What was left when it was stopped. */
  #leftMs = 0;
  #pauses = 0;
  #extended = false;
  #stoodStill = false;
  #cancelTimer: CancelTimer | undefined;
  #done = false;

  constructor(clock: Clock, ms: number, parent: CancelSignal | undefined, limitMs: number) {
    this.#clock = clock;
    this.#ms = ms;
    this.#parent = parent;
    const nowMs = clock.nowMs();
    this.#limitAtMs = nowMs + limitMs;
    this.#dueAtMs = Math.min(nowMs + ms, this.#limitAtMs);
    if (parent?.aborted) this.#onParentAbort();
    else if (ms <= 0) this.#pass();
    else {
      parent?.addEventListener("abort", this.#onParentAbort);
      this.#arm(Math.min(ms, limitMs));
    }
  }

  timedOut(): boolean {
    return this.passed !== undefined;
  }

  pause(): () => void {
    this.#stoodStill = true;
    if (this.#pauses++ === 0) {
      this.#leftMs = this.#dueAtMs - this.#clock.nowMs();
      this.#dueAtMs = this.#limitAtMs;
    }
    let isPaused = true;
    return () => {
      if (!isPaused) return;
      isPaused = false;
      if (--this.#pauses > 0 || this.#done) return;
      this.#dueAtMs = Math.min(this.#clock.nowMs() + this.#leftMs, this.#limitAtMs);
      this.#cancelTimer?.();
      this.#arm(this.#dueAtMs - this.#clock.nowMs());
    };
  }

  extend(): void {
    this.#extended = true;
    if (this.#pauses > 0) this.#leftMs = this.#ms;
    else this.#dueAtMs = Math.min(this.#clock.nowMs() + this.#ms, this.#limitAtMs);
  }

  dispose(): void {
    if (this.#done) return;
    this.#done = true;
    this.#cancelTimer?.();
    this.#parent?.removeEventListener("abort", this.#onParentAbort);
  }

  #arm(ms: number): void {
    this.#cancelTimer = this.#clock.schedule(Math.min(ms, MAX_TIMER_MS), this.#onTimer);
  }

  readonly #onTimer = (): void => {
    if (this.#done) return;
    const leftMs = this.#dueAtMs - this.#clock.nowMs();
    if (leftMs > 0) this.#arm(leftMs);
    else this.#pass();
  };

  #pass(): void {
    const moved = this.#extended || this.#stoodStill;
    if (moved && this.#dueAtMs === this.#limitAtMs) this.passed = "limit";
    else this.passed = this.#extended ? "silence" : "time";
    this.dispose();
    this.signal.abort(new DOMException(`The deadline of ${this.#ms} ms passed`, "TimeoutError"));
  }

  readonly #onParentAbort = (): void => {
    if (this.#done) return;
    this.dispose();
    this.signal.abort(this.#parent?.reason);
  };
}
