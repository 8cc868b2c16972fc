import type { CancelTimer, Clock } from "./clock.ts";
import type { QueueLimits } from "./queue/waiting-room.ts";

/** Milliseconds for which items are worked off in one turn of the event loop, before others have theirs. */
const SLICE_MS = 2;
/** How many times as long as a slice the next one is waited for: calls have three quarters of the time, whatever the work costs. */
const REST = 3;
/** Part of the room from which on there is no rest: being late is better than losing records. */
const URGENT_FROM = 0.5;

export interface DeferredWorkOptions<Item> {
  readonly clock: Clock;
  /** Works an item off. Items of which it throws are counted as broken. */
  readonly work: (item: Item) => void;
  /** What may wait. An item larger than that is taken when nothing else waits. */
  readonly limits: QueueLimits;
}

/** What an item counts for. */
export interface DeferredWeight {
  /** Records that it becomes; 1 when absent. */
  readonly records?: number;
  /** Bytes that it holds; 0 when absent. */
  readonly bytes?: number;
}

interface Deferred<Item> {
  readonly item: Item;
  readonly records: number;
  readonly bytes: number;
}

/** Work that is put off until callers have had their answers: done in short slices with a rest between them, bounded and counted. */
export class DeferredWork<Item> {
  readonly #options: DeferredWorkOptions<Item>;
  #items: Deferred<Item>[] = [];
  #next = 0;
  #records = 0;
  #bytes = 0;
  #overflowed = 0;
  #broken = 0;
  #isArranged = false;
  #cancelRest: CancelTimer | undefined;
  #waiting: (() => void)[] = [];

  constructor(options: DeferredWorkOptions<Item>) {
    this.#options = options;
  }

  /** Records that wait. */
  get records(): number {
    return this.#records;
  }

  /** Bytes that wait. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Records for which there was no room. */
  get overflowed(): number {
    return this.#overflowed;
  }

  /** Records that the work has thrown of. */
  get broken(): number {
    return this.#broken;
  }

  /** Puts an item off; false when there is no room for it. */
  add(item: Item, { records = 1, bytes = 0 }: DeferredWeight = {}): boolean {
    const { recordsMax, bytesMax } = this.#options.limits;
    const isFull = this.#records + records > recordsMax || this.#bytes + bytes > bytesMax;
    if (isFull && this.#records > 0) {
      this.#overflowed += records;
      return false;
    }
    this.#items.push({ item, records, bytes });
    this.#records += records;
    this.#bytes += bytes;
    this.#arrange(0);
    return true;
  }

  /** Works off what waits, without a rest; resolves when nothing waits any more, after `deadlineMs` at the latest. */
  async finish(deadlineMs: number): Promise<void> {
    if (this.#records === 0) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#waiting.push(resolve);
    const cancel = this.#options.clock.schedule(deadlineMs, resolve);
    if (this.#cancelRest !== undefined) {
      this.#cancelRest();
      this.#cancelRest = undefined;
      this.#isArranged = false;
      this.#arrange(0);
    }
    await promise;
    cancel();
    this.#waiting = this.#waiting.filter((each) => each !== resolve);
  }

  /** Lets everything go that waits; returns how many records these were. */
  discard(): number {
    const records = this.#records;
    this.#items = [];
    this.#next = 0;
    this.#records = 0;
    this.#bytes = 0;
    this.#tell();
    return records;
  }

  #arrange(restMs: number): void {
    if (this.#isArranged || this.#records === 0) return;
    this.#isArranged = true;
    const { clock } = this.#options;
    if (restMs === 0 || this.#isUrgent()) clock.defer(() => this.#slice());
    else this.#cancelRest = clock.schedule(restMs, () => this.#slice());
  }

  /** Who waits for the end has no calls to be kept from. */
  #isUrgent(): boolean {
    const { recordsMax, bytesMax } = this.#options.limits;
    const isFilling = this.#records > recordsMax * URGENT_FROM || this.#bytes > bytesMax * URGENT_FROM;
    return isFilling || this.#waiting.length > 0;
  }

  #slice(): void {
    const { clock } = this.#options;
    this.#isArranged = false;
    this.#cancelRest = undefined;
    const fromMs = clock.nowMs();
    while (this.#records > 0 && clock.nowMs() < fromMs + SLICE_MS) this.#workOff();
    // What has been worked off must not be held on to.
    this.#items = this.#items.slice(this.#next);
    this.#next = 0;
    this.#tell();
    this.#arrange((clock.nowMs() - fromMs) * REST);
  }

  #workOff(): void {
    const deferred = this.#items[this.#next];
    if (deferred === undefined) return;
    this.#next += 1;
    this.#records -= deferred.records;
    this.#bytes -= deferred.bytes;
    try {
      this.#options.work(deferred.item);
    } catch {
      this.#broken += deferred.records;
    }
  }

  #tell(): void {
    if (this.#records > 0) return;
    for (const resolve of this.#waiting.splice(0)) resolve();
  }
}
