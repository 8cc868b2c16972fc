import { EventRing } from "./event-ring.ts";
import type { EventKind, EventView } from "./event-view.ts";

/**
 * Events of each kind that are kept for clients that come back. Each kind has room of its own, so that what anybody can cause does
 * not drive out what operators look for.
 */
const KEPT_MAX: Readonly<Record<EventKind, number>> = { noise: 250, calls: 1_000, routine: 500, changes: 1_000 };

/** One event with its place in the order of all. */
export interface LoggedEvent {
  readonly number: number;
  readonly view: EventView;
}

/** What a client has missed. */
export interface Missed {
  readonly events: readonly LoggedEvent[];
  /** Why some events are not among them; `undefined` when they are complete. */
  readonly gap: Gap | undefined;
}

/** Why events are missing. */
export type Gap = "restarted" | "expired";

/** The last events of each kind. Ids of events carry the run of the gateway, because numbers begin anew with each. */
export class EventLog {
  readonly #run: string;
  readonly #rings = new Map<EventKind, EventRing>();
  #last = 0;

  /** `run` names this run of the gateway: letters and digits. */
  constructor(run: string) {
    this.#run = run;
  }

  /** Number of the last event; 0 before the first. */
  get last(): number {
    return this.#last;
  }

  add(kind: EventKind, view: EventView): void {
    this.#last++;
    this.#ringOf(kind).add({ number: this.#last, view });
  }

  /** Counts an event that is not kept: whoever comes back for it is told that it is missing. */
  pass(kind: EventKind): void {
    this.#last++;
    this.#ringOf(kind).pass(this.#last);
  }

  idOf({ number }: LoggedEvent): string {
    return `${this.#run}-${number}`;
  }

  /**
   * The events after a number, as far as they are kept. Noise that is missing is no gap: strangers must not be able to make all
   * clients read everything afresh, and there is nothing that would say more about it than what is left.
   */
  after(number: number): Missed {
    const events: LoggedEvent[] = [];
    let gap: Gap | undefined;
    for (const [kind, ring] of this.#rings) {
      ring.collect(number, events);
      if (kind !== "noise" && ring.dropped > number) gap = "expired";
    }
    events.sort((a, b) => a.number - b.number);
    return { events, gap };
  }

  /** The events after the one with this id; all there are when it is of another run or no id at all. */
  afterId(id: string): Missed {
    const match = /^([a-z0-9]{1,64})-(\d{1,15})$/.exec(id);
    const number = Number(match?.[2]);
    if (match?.[1] !== this.#run || number > this.#last) return { ...this.after(0), gap: "restarted" };
    return this.after(number);
  }

  #ringOf(kind: EventKind): EventRing {
    let ring = this.#rings.get(kind);
    if (ring === undefined) {
      ring = new EventRing(KEPT_MAX[kind]);
      this.#rings.set(kind, ring);
    }
    return ring;
  }
}
