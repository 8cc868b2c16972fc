import type { CancelTimer, Clock } from "../clock.ts";

/** 2026-01-01T00:00:00Z, fixed, so that a test prints the same times on every run. */
const WALL_START_MS = 1_767_225_600_000;
/** Not zero, so that code that confuses "no time" with "time 0" fails. */
const MONOTONIC_START_MS = 1_000_000;

interface FakeTimer {
  readonly dueMs: number;
  readonly callback: () => void;
}

/** A clock that stands still until a test moves it. */
export class FakeClock implements Clock {
  #nowMs = MONOTONIC_START_MS;
  readonly #timers = new Set<FakeTimer>();

  nowMs(): number {
    return this.#nowMs;
  }

  wallMs(): number {
    return this.#nowMs - MONOTONIC_START_MS + WALL_START_MS;
  }

  schedule(delayMs: number, callback: () => void): CancelTimer {
    const timer = { dueMs: this.#nowMs + Math.max(0, delayMs), callback };
    this.#timers.add(timer);
    return () => void this.#timers.delete(timer);
  }

  /** Real, because it concerns the order of work and not time. */
  defer(callback: () => void): void {
    setImmediate(callback);
  }

  /** Timers that wait; one that is left after everything was closed has leaked. */
  get pendingTimers(): number {
    return this.#timers.size;
  }

  /** Moves time by `ms` and runs the timers that fall due in their order; promises settle before, between and after them. */
  async advance(ms: number): Promise<void> {
    const untilMs = this.#nowMs + ms;
    await settle();
    for (let timer = this.#next(untilMs); timer !== undefined; timer = this.#next(untilMs)) {
      this.#timers.delete(timer);
      this.#nowMs = Math.max(this.#nowMs, timer.dueMs);
      timer.callback();
      await settle();
    }
    this.#nowMs = untilMs;
  }

  #next(untilMs: number): FakeTimer | undefined {
    let next: FakeTimer | undefined;
    for (const timer of this.#timers) {
      if (timer.dueMs <= untilMs && (next === undefined || timer.dueMs < next.dueMs)) next = timer;
    }
    return next;
  }
}

/** Resolves when all promise callbacks and deferred callbacks that can run now have run. */
export async function settle(): Promise<void> {
  // A deferred callback may start promises that defer the next callback.
  for (let turn = 0; turn < 4; turn++) await new Promise((resolve) => setImmediate(resolve));
}
