import type { Ended } from "@mcp-hangar/telemetry";

/** Whether an end is on the disk, for those who wait; `true` where nobody does. */
type Telling = Promise<boolean> | true;

/**
 * Which ends were told of already: the bus and the port of a journal both tell of each. They do so one after the other, so that the latest
 * need not be looked up, and nothing is remembered of one that both have told of.
 */
export class ToldEnds {
  readonly #told = new WeakMap<Ended, Telling>();
  #latest: { readonly ended: Ended; isToldTwice: boolean } | undefined;

  /** What came of an end when it was told of before; `undefined` when it was not. */
  tellingOf(ended: Ended): Telling | undefined {
    if (this.#latest?.ended !== ended) return this.#told.get(ended);
    this.#latest.isToldTwice = true;
    return true;
  }

  remember(ended: Ended, telling: Telling): void {
    this.#told.set(ended, telling);
  }

  /** Remembers one for which nobody waits, and holds it until {@link letGo} or the next one. */
  rememberLatest(ended: Ended): void {
    this.letGo();
    this.#latest = { ended, isToldTwice: false };
  }

  /** Holds no end any longer. */
  letGo(): void {
    if (this.#latest?.isToldTwice === false) this.#told.set(this.#latest.ended, true);
    this.#latest = undefined;
  }
}
