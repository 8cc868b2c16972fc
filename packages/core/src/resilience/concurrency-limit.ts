/** How waiting for a slot ended. Only `acquired` owns a slot, and must release it. */
export type AcquireResult = "acquired" | "overloaded" | "aborted";

interface Waiter {
  readonly resolve: (result: AcquireResult) => void;
  readonly signal: AbortSignal | undefined;
  readonly onAbort: () => void;
  previous: Waiter | undefined;
  next: Waiter | undefined;
}

const ACQUIRED: Promise<AcquireResult> = Promise.resolve("acquired");
const OVERLOADED: Promise<AcquireResult> = Promise.resolve("overloaded");
const ABORTED: Promise<AcquireResult> = Promise.resolve("aborted");

/** A number of slots with a bounded, cancellable, first-in-first-out queue in front. All operations are O(1). */
export class ConcurrencyLimit {
  #max: number;
  #maxWaiting: number;
  #inUse = 0;
  #waiting = 0;
  // A doubly linked list, so that a caller who leaves is unlinked at once and nothing stays behind.
  #first: Waiter | undefined;
  #last: Waiter | undefined;

  /** `max` slots (at least 1) and `maxWaiting` callers (0 or more) that may wait for one. */
  constructor(max: number, maxWaiting: number) {
    this.#max = max;
    this.#maxWaiting = maxWaiting;
  }

  get inUse(): number {
    return this.#inUse;
  }

  get waiting(): number {
    return this.#waiting;
  }

  /** Takes a slot when one is free; nobody waits while a slot is free, so this overtakes nobody. */
  tryAcquire(): boolean {
    if (this.#inUse >= this.#max) return false;
    this.#inUse += 1;
    return true;
  }

  /**
   * Takes a slot, or waits for one: `overloaded` at once when too many wait already, `aborted` when `signal` aborts
   * first. A slot that was handed over before the abort counts as acquired.
   */
  acquire(signal?: AbortSignal): Promise<AcquireResult> {
    if (signal?.aborted) return ABORTED;
    if (this.tryAcquire()) return ACQUIRED;
    if (this.#waiting >= this.#maxWaiting) return OVERLOADED;
    return new Promise((resolve) => this.#enqueue(resolve, signal));
  }

  /**
   * Gives a slot back; it goes to whoever has waited longest.
   * @throws Error when no slot is in use, which means that somebody released twice.
   */
  release(): void {
    if (this.#inUse === 0) {
      throw new Error(
        "ConcurrencyLimit.release() without a slot in use: a slot was released twice. Pair every release",
      );
    }
    this.#inUse -= 1;
    this.#admitWaiting();
  }

  /**
   * Changes the number of slots (at least 1) and, if given, of places to wait. Slots in use stay in use and whoever waits
   * goes on waiting, so smaller limits take hold gradually.
   */
  resize(max: number, maxWaiting: number = this.#maxWaiting): void {
    this.#max = max;
    this.#maxWaiting = maxWaiting;
    this.#admitWaiting();
  }

  #enqueue(resolve: (result: AcquireResult) => void, signal: AbortSignal | undefined): void {
    const onAbort = (): void => {
      this.#unlink(waiter);
      resolve("aborted");
    };
    const waiter: Waiter = { resolve, signal, onAbort, previous: this.#last, next: undefined };
    if (this.#last === undefined) this.#first = waiter;
    else this.#last.next = waiter;
    this.#last = waiter;
    this.#waiting += 1;
    signal?.addEventListener("abort", onAbort, { once: true });
  }

  #admitWaiting(): void {
    while (this.#first !== undefined && this.#inUse < this.#max) {
      const waiter = this.#first;
      this.#unlink(waiter);
      waiter.signal?.removeEventListener("abort", waiter.onAbort);
      this.#inUse += 1;
      waiter.resolve("acquired");
    }
  }

  #unlink(waiter: Waiter): void {
    if (waiter.previous === undefined) this.#first = waiter.next;
    else waiter.previous.next = waiter.next;
    if (waiter.next === undefined) this.#last = waiter.previous;
    else waiter.next.previous = waiter.previous;
    this.#waiting -= 1;
  }
}
