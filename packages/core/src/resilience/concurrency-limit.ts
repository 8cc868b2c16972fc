import type { CancelSignal } from "../platform/cancellation.ts";
import { Allowance } from "./allowance.ts";
import { type Linked, LinkedList } from "./linked-list.ts";

/** How waiting for a slot ended. Only `acquired` owns a slot, and must release it. */
export type AcquireResult = "acquired" | "overloaded" | "aborted";

/** How much there is of a limit. */
export interface LimitSizes {
  /** Slots; at least 1. */
  readonly slots: number;
  /** Slots that one caller may hold; at least 1. */
  readonly slotsOfOne: number;
  /** Calls that may wait for a slot; 0 or more. */
  readonly waiting: number;
  /** Calls of one caller that may wait. */
  readonly waitingOfOne: number;
}

interface Waiter extends Linked<Waiter> {
  readonly share: Share;
  readonly resolve: (result: AcquireResult) => void;
  readonly signal: CancelSignal | undefined;
  readonly onAbort: () => void;
}

/** What one caller has of the limit. */
interface Share extends Linked<Share> {
  /** Whether room is kept from the caller for others. */
  readonly bounded: boolean;
  held: number;
  waiting: number;
  /** The caller's calls that wait, in the order of their arrival. */
  readonly waiters: LinkedList<Waiter>;
}

const ACQUIRED: Promise<AcquireResult> = Promise.resolve("acquired");
const OVERLOADED: Promise<AcquireResult> = Promise.resolve("overloaded");
const ABORTED: Promise<AcquireResult> = Promise.resolve("aborted");

/** Shares of callers with nothing in them that are kept, so that a call without a queue makes none: about 40 KB. */
const IDLE_SHARES_MAX = 256;

/**
 * A number of slots with a bounded, cancellable queue in front, fair by caller: callers who wait take turns, one call a turn, and
 * the {@link Allowance} of each leaves slots and places to wait for others. Operations are O(1), but for a slot that comes free
 * while callers wait who hold slots and may take no more: those are passed over, and there are no more of them than slots.
 */
export class ConcurrencyLimit {
  readonly #shares = new Map<string, Share>();
  /** Callers with waiting calls, the next in turn first. Whoever takes a slot goes to the end. */
  readonly #turns = new LinkedList<Share>();
  #slots: Allowance;
  #places: Allowance;
  #inUse = 0;
  #waiting = 0;
  readonly #alone: string | undefined;
  #sweepAt = IDLE_SHARES_MAX;

  /** `alone` is a caller who may take everything, because nobody else is there. */
  constructor(sizes: LimitSizes, alone?: string) {
    this.#alone = alone;
    this.#slots = new Allowance(sizes.slots, sizes.slotsOfOne);
    this.#places = new Allowance(sizes.waiting, sizes.waitingOfOne);
  }

  get inUse(): number {
    return this.#inUse;
  }

  get waiting(): number {
    return this.#waiting;
  }

  /** Callers who are remembered: those who hold or want something, and some who did. */
  get callers(): number {
    return this.#shares.size;
  }

  /**
   * Takes a slot for a caller when one is free for that caller. This overtakes nobody: while a slot is free, only those wait who
   * may not have it.
   */
  tryAcquire(caller: string): boolean {
    const share = this.#shares.get(caller) ?? this.#newShare(caller);
    if (share.waiting > 0 || !this.#mayTakeSlot(share)) return false;
    share.held += 1;
    this.#inUse += 1;
    return true;
  }

  /**
   * Takes a slot for a caller, or waits for one: `overloaded` at once when too many wait already, `aborted` when `signal` aborts
   * first. A slot that was handed over before the abort counts as acquired.
   */
  acquire(caller: string, signal?: CancelSignal): Promise<AcquireResult> {
    if (signal?.aborted) return ABORTED;
    if (this.tryAcquire(caller)) return ACQUIRED;
    const share = this.#shares.get(caller) ?? this.#newShare(caller);
    if (!this.#places.admits(share.bounded ? share.waiting : 0, this.#waiting)) return OVERLOADED;
    return new Promise((resolve) => this.#enqueue(share, resolve, signal));
  }

  /**
   * Gives back a slot of a caller; it goes to whoever is next in turn and may have it.
   * @throws Error when the caller holds no slot, which means that one was released twice.
   */
  release(caller: string): void {
    const share = this.#shares.get(caller);
    if (share === undefined || share.held === 0) {
      throw new Error(
        "ConcurrencyLimit.release() without a slot in use: a slot was released twice. Pair every release",
      );
    }
    share.held -= 1;
    this.#inUse -= 1;
    this.#admitWaiting();
  }

  /** Changes the sizes. Slots in use stay in use and whoever waits goes on waiting, so smaller ones take hold gradually. */
  resize(sizes: LimitSizes): void {
    this.#slots = new Allowance(sizes.slots, sizes.slotsOfOne);
    this.#places = new Allowance(sizes.waiting, sizes.waitingOfOne);
    this.#admitWaiting();
  }

  #mayTakeSlot(share: Share): boolean {
    return this.#slots.admits(share.bounded ? share.held : 0, this.#inUse);
  }

  #enqueue(share: Share, resolve: Waiter["resolve"], signal: CancelSignal | undefined): void {
    const onAbort = (): void => {
      this.#dequeue(waiter);
      resolve("aborted");
    };
    const waiter: Waiter = { share, resolve, signal, onAbort, previous: undefined, next: undefined };
    if (share.waiting === 0) this.#turns.push(share);
    share.waiters.push(waiter);
    share.waiting += 1;
    this.#waiting += 1;
    signal?.addEventListener("abort", onAbort, { once: true });
  }

  #dequeue(waiter: Waiter): void {
    const { share } = waiter;
    share.waiters.remove(waiter);
    share.waiting -= 1;
    this.#waiting -= 1;
    if (share.waiting === 0) this.#turns.remove(share);
  }

  #admitWaiting(): void {
    let share = this.#turns.first;
    while (share !== undefined && this.#inUse < this.#slots.places) {
      // Passed over for now: it keeps its place, and is first when it may have a slot again.
      if (!this.#mayTakeSlot(share)) {
        share = share.next;
        continue;
      }
      const { next }: Share = share;
      this.#admit(share);
      // The last in turn may be the only one who wants what else is free.
      share = next ?? (share.waiting > 0 ? share : undefined);
    }
  }

  #admit(share: Share): void {
    const waiter = share.waiters.first;
    if (waiter === undefined) return;
    this.#dequeue(waiter);
    if (share.waiting > 0) {
      this.#turns.remove(share);
      this.#turns.push(share);
    }
    waiter.signal?.removeEventListener("abort", waiter.onAbort);
    share.held += 1;
    this.#inUse += 1;
    waiter.resolve("acquired");
  }

  #newShare(caller: string): Share {
    if (this.#shares.size >= this.#sweepAt) this.#sweep();
    const share: Share = {
      bounded: caller !== this.#alone,
      held: 0,
      waiting: 0,
      waiters: new LinkedList(),
      previous: undefined,
      next: undefined,
    };
    this.#shares.set(caller, share);
    return share;
  }

  /** Forgets callers who hold and want nothing. Next when there are twice as many as now, so that it costs each caller O(1). */
  #sweep(): void {
    for (const [caller, { held, waiting }] of this.#shares) {
      if (held === 0 && waiting === 0) this.#shares.delete(caller);
    }
    this.#sweepAt = Math.max(IDLE_SHARES_MAX, 2 * this.#shares.size);
  }
}
