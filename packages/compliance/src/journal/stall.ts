import type { CancelTimer, Clock } from "@mcp-hangar/delivery";

/**
 * Watches one write at a time to a disk that may hang: such a write neither ends nor fails, and cannot be interrupted. It has stalled when
 * it has taken `limitMs`.
 */
export class Stall {
  readonly #clock: Clock;
  readonly #limitMs: number;
  #sinceMs: number | undefined;
  #cancel: CancelTimer | undefined;
  #count = 0;

  constructor(clock: Clock, limitMs: number) {
    this.#clock = clock;
    this.#limitMs = limitMs;
  }

  /** How often a limit has passed without the end of a write: once for each `limitMs` of it. */
  get count(): number {
    return this.#count;
  }

  /** Milliseconds that the write has taken so far; `undefined` unless it has stalled. */
  get stalledMs(): number | undefined {
    if (this.#sinceMs === undefined) return undefined;
    const tookMs = this.#clock.nowMs() - this.#sinceMs;
    return tookMs < this.#limitMs ? undefined : tookMs;
  }

  /** Does a write. Settles as it does. */
  async watch<Result>(write: () => Promise<Result>): Promise<Result> {
    this.#sinceMs = this.#clock.nowMs();
    this.#wait();
    try {
      return await write();
    } finally {
      this.#cancel?.();
      this.#sinceMs = undefined;
    }
  }

  #wait(): void {
    this.#cancel = this.#clock.schedule(this.#limitMs, () => {
      this.#count += 1;
      this.#wait();
    });
  }
}
