import type { Clock } from "@mcp-hangar/core";
import type { LockoutOptions } from "./options.ts";

/** Subjects that are remembered; the one that failed longest ago makes room. */
const SUBJECTS_MAX = 10_000;

interface Failures {
  count: number;
  lastMs: number;
}

/**
 * Counts failed attempts of a subject (an address, a key) and locks it out for a time that doubles with each further
 * failure. Its memory is bounded: whoever fails from ten thousand addresses is forgotten, not stored.
 */
export class Lockout {
  readonly #clock: Clock;
  #options: LockoutOptions;
  /** In the order of their last failure. */
  readonly #failures = new Map<string, Failures>();

  constructor(options: LockoutOptions, clock: Clock) {
    this.#options = options;
    this.#clock = clock;
  }

  /** Milliseconds until the subject may try again; 0 when it may now. */
  lockedMs(subject: string): number {
    const failures = this.#failures.get(subject);
    if (failures === undefined) return 0;
    const sinceMs = this.#clock.nowMs() - failures.lastMs;
    return Math.max(0, this.#lockMs(failures.count) - sinceMs);
  }

  failed(subject: string): void {
    const nowMs = this.#clock.nowMs();
    const before = this.#failures.get(subject);
    const isOld = before !== undefined && nowMs - before.lastMs > this.#options.max_lock_s * 1_000;
    const count = before === undefined || isOld ? 1 : before.count + 1;
    this.#failures.delete(subject);
    if (this.#failures.size >= SUBJECTS_MAX) {
      const [oldest] = this.#failures.keys();
      if (oldest !== undefined) this.#failures.delete(oldest);
    }
    this.#failures.set(subject, { count, lastMs: nowMs });
  }

  succeeded(subject: string): void {
    this.#failures.delete(subject);
  }

  configure(options: LockoutOptions): void {
    this.#options = options;
  }

  get size(): number {
    return this.#failures.size;
  }

  #lockMs(count: number): number {
    const { max_failures: max, first_lock_s: first, max_lock_s: longest } = this.#options;
    if (count < max) return 0;
    // Beyond 2^40 it is the longest lock anyway, and a larger exponent would be infinite.
    return Math.min(longest, first * 2 ** Math.min(count - max, 40)) * 1_000;
  }
}
