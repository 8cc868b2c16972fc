/**
 * Items that wait for a slot, each of one server. The next is always one of the server with the fewest items running,
 * the oldest of these: a server that hangs cannot take all slots of a batch while others have work.
 */
export class FairQueue<Item extends { readonly server: string }> {
  readonly #waiting: Item[] = [];
  readonly #running = new Map<string, number>();

  push(item: Item): void {
    this.#waiting.push(item);
  }

  /** Takes the next item, which then counts as running until it is `done`. A batch is small, so it is looked for. */
  take(): Item | undefined {
    let best = 0;
    for (let at = 1; at < this.#waiting.length; at++) {
      if (this.#load(this.#waiting[at]) < this.#load(this.#waiting[best])) best = at;
    }
    const [item] = this.#waiting.splice(best, 1);
    if (item !== undefined) this.#running.set(item.server, this.#load(item) + 1);
    return item;
  }

  done(item: Item): void {
    this.#running.set(item.server, this.#load(item) - 1);
  }

  /** Empties the queue. */
  takeAll(): readonly Item[] {
    return this.#waiting.splice(0);
  }

  #load(item: Item | undefined): number {
    return item === undefined ? 0 : (this.#running.get(item.server) ?? 0);
  }
}
