import type { EventView } from "./event-view.ts";

/** Events that are kept for clients that come back. */
const KEPT_MAX = 1_000;

/** One event with its place in the order of all. */
export interface LoggedEvent {
  readonly number: number;
  readonly view: EventView;
}

/** What a client has missed. */
export interface Missed {
  readonly events: readonly LoggedEvent[];
  /** Why some events are not among them; `undefined` when they are complete. */
  readonly gap: "restarted" | "expired" | undefined;
}

/** The last events, in a ring. Ids of events carry the run of the gateway, because numbers begin anew with each. */
export class EventLog {
  readonly #run: string;
  readonly #ring: LoggedEvent[] = [];
  #last = 0;

  /** `run` names this run of the gateway: letters and digits. */
  constructor(run: string) {
    this.#run = run;
  }

  /** Number of the last event; 0 before the first. */
  get last(): number {
    return this.#last;
  }

  add(view: EventView): void {
    this.#last++;
    this.#ring[this.#last % KEPT_MAX] = { number: this.#last, view };
  }

  idOf({ number }: LoggedEvent): string {
    return `${this.#run}-${number}`;
  }

  /** The events after a number, as far as they are kept. */
  after(number: number): Missed {
    const first = Math.max(number + 1, this.#last - KEPT_MAX + 1, 1);
    const events: LoggedEvent[] = [];
    for (let next = first; next <= this.#last; next++) {
      const event = this.#ring[next % KEPT_MAX];
      if (event !== undefined) events.push(event);
    }
    return { events, gap: first > number + 1 ? "expired" : undefined };
  }

  /** The events after the one with this id; all there are when it is of another run or no id at all. */
  afterId(id: string): Missed {
    const match = /^([a-z0-9]{1,64})-(\d{1,15})$/.exec(id);
    const number = Number(match?.[2]);
    if (match?.[1] !== this.#run || number > this.#last) return { ...this.after(0), gap: "restarted" };
    return this.after(number);
  }
}
