import type { CancelTimer, Clock } from "@mcp-hangar/delivery";

/** Milliseconds for which items are worked off in one turn of the event loop, before others have theirs. */
const SLICE_MS = 2;
/** How many times as long as a slice the next one is waited for: calls have three quarters of the time, whatever content costs. */
const REST = 3;

/** Items that wait to be worked off when the caller has had its answer. */
export class DeferredWork<Item> {
  readonly #clock: Clock;
  readonly #work: (item: Item) => void;
  #items: { readonly item: Item; readonly bytes: number }[] = [];
  #bytes = 0;
  #next = 0;
  #isArranged = false;
  #cancelRest: CancelTimer | undefined;
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
    if (this.size === 0) return;
    const done = new Promise<void>((resolve) => this.#waiting.push(resolve));
    if (this.#cancelRest !== undefined) {
      this.#cancelRest();
      this.#isArranged = false;
      this.#arrange();
    }
    await done;
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

  /** Who waits for the end has no calls to be kept from. */
  #arrange(restMs = 0): void {
    if (this.#isArranged || this.size === 0) return;
    this.#isArranged = true;
    if (restMs === 0 || this.#waiting.length > 0) this.#clock.defer(() => this.#slice());
    else this.#cancelRest = this.#clock.schedule(restMs, () => this.#slice());
  }

  #slice(): void {
    this.#isArranged = false;
    this.#cancelRest = undefined;
    const fromMs = this.#clock.nowMs();
    const untilMs = fromMs + SLICE_MS;
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
    this.#arrange((this.#clock.nowMs() - fromMs) * REST);
  }

  #tell(): void {
    if (this.size > 0) return;
    for (const resolve of this.#waiting.splice(0)) resolve();
  }
}
