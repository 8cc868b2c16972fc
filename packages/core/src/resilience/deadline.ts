import type { Clock } from "../platform/platform.ts";

/** A signal that aborts when time is up or the caller leaves, whichever is first. */
export interface Deadline {
  readonly signal: AbortSignal;
  /** Whether the signal aborted because time was up. */
  timedOut(): boolean;
  /** Frees timer and listener. To be called when the work is done; idempotent, and the signal never aborts afterwards. */
  dispose(): void;
}

/** Node.js timers take 31 bits and fire at once beyond that; 24 days are as good as for ever. */
const MAX_TIMER_MS = 2_147_483_647;

/** Starts a deadline `ms` milliseconds from now, tied to `parent`. Without time left the signal is aborted already. */
export function startDeadline(clock: Clock, ms: number, parent?: AbortSignal): Deadline {
  return new SignalDeadline(clock, ms, parent);
}

// AbortSignal.any over AbortSignal.timeout would do the same at three times the cost, and without a clock to pass in.
class SignalDeadline implements Deadline {
  readonly #controller = new AbortController();
  readonly #parent: AbortSignal | undefined;
  readonly #cancelTimer: (() => void) | undefined;
  #timedOut = false;
  #done = false;

  constructor(clock: Clock, ms: number, parent: AbortSignal | undefined) {
    this.#parent = parent;
    if (parent?.aborted) this.#onParentAbort();
    else if (ms <= 0) this.#onTimer(ms);
    else {
      parent?.addEventListener("abort", this.#onParentAbort);
      this.#cancelTimer = clock.schedule(Math.min(ms, MAX_TIMER_MS), () => this.#onTimer(ms));
    }
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  timedOut(): boolean {
    return this.#timedOut;
  }

  dispose(): void {
    if (this.#done) return;
    this.#done = true;
    this.#cancelTimer?.();
    this.#parent?.removeEventListener("abort", this.#onParentAbort);
  }

  #onTimer(ms: number): void {
    if (this.#done) return;
    this.#timedOut = true;
    this.dispose();
    this.#controller.abort(new DOMException(`The deadline of ${ms} ms passed`, "TimeoutError"));
  }

  readonly #onParentAbort = (): void => {
    if (this.#done) return;
    this.dispose();
    this.#controller.abort(this.#parent?.reason);
  };
}
