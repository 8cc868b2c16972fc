import type { LoggedEvent } from "./event-log.ts";

/** The last events of one kind. */
export class EventRing {
  readonly #size: number;
  readonly #events: LoggedEvent[] = [];
  /** Events that were ever added. */
  #added = 0;
  #dropped = 0;

  constructor(size: number) {
    this.#size = size;
  }

  /** Number of the last event that made room for another; 0 before the first. */
  get dropped(): number {
    return this.#dropped;
  }

  add(event: LoggedEvent): void {
    const place = this.#added % this.#size;
    this.#dropped = this.#events[place]?.number ?? this.#dropped;
    this.#events[place] = event;
    this.#added++;
  }

  /** Appends the events after a number, the latest first. It takes as long as there are such events. */
  collect(number: number, into: LoggedEvent[]): void {
    for (let back = 1; back <= Math.min(this.#added, this.#size); back++) {
      const event = this.#events[(this.#added - back) % this.#size];
      if (event === undefined || event.number <= number) return;
      into.push(event);
    }
  }
}
