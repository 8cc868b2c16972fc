import type { RoomPolicy, Waiting } from "./room.ts";

/**
 * In a full queue the latest record of the most talkative origin makes room, so that one that floods loses records of its
 * own first. Records without an origin make room for none, and find room while any record with an origin waits.
 */
export class TalkativeOrigins<Entry> implements RoomPolicy<Entry> {
  readonly #originOf: (entry: Entry) => string | undefined;
  /** The records of each origin that wait, in their order. */
  readonly #talks = new Map<string, Waiting<Entry>[]>();

  /** `originOf` says whose a record is; `undefined` for one that nobody can make any number of. It must not throw. */
  constructor(originOf: (entry: Entry) => string | undefined) {
    this.#originOf = originOf;
  }

  waits(waiting: Waiting<Entry>): void {
    const origin = this.#originOf(waiting.entry);
    if (origin === undefined) return;
    const talk = this.#talks.get(origin);
    if (talk === undefined) this.#talks.set(origin, [waiting]);
    else talk.push(waiting);
  }

  left(gone: readonly Waiting<Entry>[]): void {
    const counts = new Map<string, number>();
    for (const { entry } of gone) {
      const origin = this.#originOf(entry);
      if (origin !== undefined) counts.set(origin, (counts.get(origin) ?? 0) + 1);
    }
    for (const [origin, count] of counts) {
      const talk = this.#talks.get(origin);
      talk?.splice(0, count);
      if (talk?.length === 0) this.#talks.delete(origin);
    }
  }

  /** Refuses a record whose own origin would then be about as talkative as the most talkative one. */
  makeRoom(entry: Entry): Waiting<Entry> | undefined {
    let most: readonly [origin: string, talk: Waiting<Entry>[]] | undefined;
    for (const each of this.#talks) if (most === undefined || each[1].length > most[1].length) most = each;
    if (most === undefined) return undefined;
    const [origin, talk] = most;
    const own = this.#originOf(entry);
    const ownLength = own === undefined ? 0 : (this.#talks.get(own)?.length ?? 0) + 1;
    if (ownLength >= talk.length) return undefined;
    const latest = talk.pop();
    if (talk.length === 0) this.#talks.delete(origin);
    return latest;
  }
}
