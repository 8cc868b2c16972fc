import type { HistoryEntry } from "./entries.ts";
import { shareOfEntry } from "./shares.ts";

/** Entries that may wait: some seconds of a busy gateway. */
export const QUEUE_CAPACITY = 20_000;

/** A place in the queue; empty when its entry had to make room. */
interface Place {
  entry: HistoryEntry | undefined;
}

/**
 * Entries that wait to be written, in their order. When it is full, the latest entry of the most talkative origin makes room: refused
 * calls of a caller, or lines that a server wrote to its stderr, of which each can make any number. Calls that were made and what became
 * of servers make room for nobody.
 */
export class HistoryQueue {
  #places: Place[] = [];
  /** The places of each talkative origin that wait, in their order. */
  readonly #talks = new Map<string, Place[]>();
  #waiting = 0;
  #batch: readonly HistoryEntry[] = [];

  /** Entries that wait or are being written. */
  get length(): number {
    return this.#waiting + this.#batch.length;
  }

  /** Appends an entry; false when an entry, this one or another, has to be dropped for it. */
  push(entry: HistoryEntry): boolean {
    const origin = talkativeOrigin(entry);
    const isFull = this.length >= QUEUE_CAPACITY;
    if (isFull && !this.#makeRoom(origin)) return false;
    const place: Place = { entry };
    this.#places.push(place);
    this.#waiting += 1;
    if (origin !== undefined) {
      const talk = this.#talks.get(origin);
      if (talk === undefined) this.#talks.set(origin, [place]);
      else talk.push(place);
    }
    // Places that were emptied must not pile up while nothing can be written.
    if (this.#places.length > 2 * QUEUE_CAPACITY) this.#places = this.#places.filter(({ entry: kept }) => kept);
    return !isFull;
  }

  /** The entries to write next, at most so many; the same again until they are written. */
  next(max: number): readonly HistoryEntry[] {
    if (this.#batch.length > 0) return this.#batch;
    const batch: HistoryEntry[] = [];
    const taken = new Map<string, number>();
    let looked = 0;
    for (; looked < this.#places.length && batch.length < max; looked++) {
      const { entry } = this.#places[looked] ?? {};
      if (entry === undefined) continue;
      batch.push(entry);
      const origin = talkativeOrigin(entry);
      if (origin !== undefined) taken.set(origin, (taken.get(origin) ?? 0) + 1);
    }
    this.#places.splice(0, looked);
    this.#waiting -= batch.length;
    for (const [origin, count] of taken) {
      const talk = this.#talks.get(origin);
      talk?.splice(0, count);
      if (talk?.length === 0) this.#talks.delete(origin);
    }
    this.#batch = batch;
    return batch;
  }

  /** The entries of {@link next} are written. */
  written(): void {
    this.#batch = [];
  }

  /** Empties the queue; returns how many entries there were. */
  clear(): number {
    const { length } = this;
    this.#places.length = 0;
    this.#talks.clear();
    this.#waiting = 0;
    this.#batch = [];
    return length;
  }

  /** Drops the latest entry of the most talkative origin for one of `origin`, unless that is about as talkative itself. */
  #makeRoom(origin: string | undefined): boolean {
    let most: readonly [name: string, talk: Place[]] | undefined;
    for (const each of this.#talks) if (most === undefined || each[1].length > most[1].length) most = each;
    if (most === undefined) return false;
    const [name, talk] = most;
    const own = origin === undefined ? 0 : (this.#talks.get(origin)?.length ?? 0) + 1;
    if (own >= talk.length) return false;
    const place = talk.pop();
    if (place !== undefined) place.entry = undefined;
    if (talk.length === 0) this.#talks.delete(name);
    this.#waiting -= 1;
    return true;
  }
}

/** Whose an entry is when its origin can make any number of them without any work being done. */
function talkativeOrigin(entry: HistoryEntry): string | undefined {
  const { kind, owner, detail } = shareOfEntry(entry);
  return kind === "calls" || detail === "gateway" ? undefined : `${kind} ${detail} ${owner}`;
}
