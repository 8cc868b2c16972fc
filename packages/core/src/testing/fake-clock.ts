import type { CancelTimer, Clock } from "../platform/platform.ts";

interface FakeTimer {
  readonly dueMs: number;
  readonly callback: () => void;
}

/** 2026-01-01T00:00:00Z: fixed, so that whatever prints a time prints the same on every run. */
const WALL_START_MS = 1_767_225_600_000;
/** Not zero, because code that confuses "no time" with "time 0" must show. */
const MONOTONIC_START_MS = 1_000_000;

/** A clock that stands still until it is told to move. */
export class FakeClock implements Clock {
  #nowMs = MONOTONIC_START_MS;
  #wallOffsetMs = WALL_START_MS - MONOTONIC_START_MS;
  /** Ordered by time, then by the order of scheduling. */
  readonly #timers: FakeTimer[] = [];

  nowMs(): number {
    return this.#nowMs;
  }

  wallMs(): number {
    return this.#nowMs + this.#wallOffsetMs;
  }

  schedule(delayMs: number, callback: () => void): CancelTimer {
    const timer: FakeTimer = { dueMs: this.#nowMs + Math.max(0, delayMs), callback };
    const later = this.#timers.findIndex((other) => other.dueMs > timer.dueMs);
    this.#timers.splice(later === -1 ? this.#timers.length : later, 0, timer);
    return () => {
      const index = this.#timers.indexOf(timer);
      if (index !== -1) this.#timers.splice(index, 1);
    };
  }

  /** Real, because it is about the order of work and not about time. */
  defer(callback: () => void): void {
    setImmediate(callback);
  }

  /** Timers that wait; what is left after everything was closed has leaked. */
  get pendingTimers(): number {
    return this.#timers.length;
  }

  /** Moves time and runs what falls due, in order, timers that come up on the way included. */
  advance(ms: number): void {
    const untilMs = this.#nowMs + ms;
    while (this.#runNext(untilMs));
    this.#nowMs = untilMs;
  }

  /** Like `advance`, and lets promises settle before, between and after the timers. */
  async advanceAsync(ms: number): Promise<void> {
    const untilMs = this.#nowMs + ms;
    do await settlePromises();
    while (this.#runNext(untilMs));
    this.#nowMs = untilMs;
  }

  /** Changes the time of day without letting time pass, as a time server or an operator does. */
  jumpWall(ms: number): void {
    this.#wallOffsetMs += ms;
  }

  #runNext(untilMs: number): boolean {
    const next = this.#timers[0];
    if (next === undefined || next.dueMs > untilMs) return false;
    this.#timers.shift();
    this.#nowMs = Math.max(this.#nowMs, next.dueMs);
    next.callback();
    return true;
  }
}

/** Resolves when all promise callbacks that could run have run, however long their chains. */
export function settlePromises(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
