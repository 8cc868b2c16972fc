import type { Clock } from "@mcp-hangar/delivery";

/** Milliseconds for which items are worked off in one turn of the event loop, before others have theirs. */
const SLICE_MS = 2;

/** Items that wait to be worked off when the caller has had its answer. */
export class DeferredWork<Item> {
  readonly #clock: Clock;
  readonly #work: (item: Item) => void;
  #items: { readonly item: Item; readonly bytes: number }[] = [];
  #bytes = 0;
  #next = 0;
  #isArranged = false;
  #waiting: (() => void)[] = [];

  /** `work` must not throw. */
  constructor(clock: Clock, work: (item: Item) => void) {
    this.#clock = clock;
    this.#work = work;
  }

  get size(): number {
    return this.#items.length - this.#next;
  }

  /** Bytes that the items hold, as they were given. */
  get bytes(): number {
    return this.#bytes;
  }

  add(item: Item, bytes: number): void {
    this.#items.push({ item, bytes });
    this.#bytes += bytes;
    this.#arrange();
  }

  /** Resolves when nothing waits. */
  async done(): Promise<void> {
    if (this.size > 0) await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }

  /** Lets everything go that waits; returns how many items these were. */
  discard(): number {
    const { size } = this;
    this.#items = [];
    this.#next = 0;
    this.#bytes = 0;
    this.#tell();
    return size;
  }

  #arrange(): void {
    if (this.#isArranged || this.size === 0) return;
    this.#isArranged = true;
    this.#clock.defer(() => this.#slice());
  }

  #slice(): void {
    this.#isArranged = false;
    const untilMs = this.#clock.nowMs() + SLICE_MS;
    while (this.size > 0) {
      const entry = this.#items[this.#next];
      this.#next += 1;
      if (entry !== undefined) {
        this.#bytes -= entry.bytes;
        this.#work(entry.item);
      }
      if (this.#clock.nowMs() >= untilMs) break;
    }
    // What has been worked off must not be held on to.
    this.#items = this.#items.slice(this.#next);
    this.#next = 0;
    this.#tell();
    this.#arrange();
  }

  #tell(): void {
    if (this.size > 0) return;
    for (const resolve of this.#waiting.splice(0)) resolve();
  }
}
