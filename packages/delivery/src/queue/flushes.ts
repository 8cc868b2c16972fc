interface Flush {
  /** Number of the last record that is waited for. */
  readonly until: number;
  readonly endsAtFailure: boolean;
  readonly end: (isDone: boolean) => void;
}

/** Those who wait until records are no longer queued. */
export class Flushes {
  readonly #flushes = new Set<Flush>();

  get isAny(): boolean {
    return this.#flushes.size > 0;
  }

  /** Waits for the records up to a number; `end` gives up. */
  add(until: number, endsAtFailure: boolean): { readonly done: Promise<boolean>; readonly end: () => void } {
    const { promise, resolve } = Promise.withResolvers<boolean>();
    const flush: Flush = {
      until,
      endsAtFailure,
      end: (isDone) => {
        this.#flushes.delete(flush);
        resolve(isDone);
      },
    };
    this.#flushes.add(flush);
    return { done: promise, end: () => flush.end(false) };
  }

  /** `oldest` is the number of the oldest record that is still queued, Infinity when none is. */
  progress(oldest: number): void {
    for (const flush of this.#flushes) if (oldest > flush.until) flush.end(true);
  }

  /** An attempt has failed. */
  fail(): void {
    for (const flush of this.#flushes) if (flush.endsAtFailure) flush.end(false);
  }
}
