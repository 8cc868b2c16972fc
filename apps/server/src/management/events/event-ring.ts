import type { LoggedEvent } from "./event-log.ts";

/** The last events of one kind. */
export class EventRing {
  readonly #size: number;
  #events: LoggedEvent[] = [];
  /** Events that were ever added. */
  #added = 0;
  #dropped = 0;

  constructor(size: number) {
    this.#size = size;
  }

  /** Number of the last event that is missing, because it made room for another or was not kept; 0 before the first. */
  get dropped(): number {
    return this.#dropped;
  }

  add(event: LoggedEvent): void {
    const place = this.#added % this.#size;
    this.#dropped = this.#events[place]?.number ?? this.#dropped;
    this.#events[place] = event;
    this.#added++;
  }

  /** Leaves out the event with that number, and with it all before. */
  pass(number: number): void {
    this.#dropped = number;
    if (this.#added === 0) return;
    this.#events = [];
    this.#added = 0;
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
