/**
 * Counts how often the event loop was held: a ticker looks in every turn how much CPU time this thread has used since the last.
 * That is CPU time and not time on the wall, so that a busy machine does not count.
 */
export class LoopProbe {
  /** Turns that took more than the bound. */
  blocked = 0;
  /** CPU time of the longest turn, in milliseconds. */
  longestMs = 0;
  readonly #boundMs: number;
  #last = process.threadCpuUsage();

  constructor(boundMs: number) {
    this.#boundMs = boundMs;
  }

  /** Runs work and ends its turn. Work that yields has a turn counted for each of its parts. */
  async watch(work: () => unknown): Promise<void> {
    let running = true;
    this.#last = process.threadCpuUsage();
    const tick = (): void => {
      this.#look();
      if (running) setImmediate(tick);
    };
    setImmediate(tick);
    try {
      await work();
    } finally {
      running = false;
      this.#look();
    }
  }

  #look(): void {
    const { user, system } = process.threadCpuUsage(this.#last);
    const tookMs = (user + system) / 1_000;
    this.#last = process.threadCpuUsage();
    this.longestMs = Math.max(this.longestMs, tookMs);
    if (tookMs > this.#boundMs) this.blocked++;
  }
}
