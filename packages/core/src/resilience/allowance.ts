/**
 * One caller may take four times as much as is free (the rule of dynamic thresholds in switches with shared memory: Choudhury and
 * Hahne, 1998). Alone that is four fifths of all; the more callers take much, the less each gets, and something stays free.
 */
const TIMES_FREE = 4;

/** How many of some places (slots, or places to wait for one) each caller may take, so that there is room for others. */
export class Allowance {
  readonly places: number;
  readonly #ofOne: number;
  readonly #timesFree: number;

  /** `ofOne` places at most for one caller; with as many as there are, a caller alone may take them all. */
  constructor(places: number, ofOne: number) {
    this.places = places;
    this.#ofOne = ofOne;
    // A caller alone gets `ofOne`, also where that is more than four fifths.
    this.#timesFree = ofOne >= places ? Number.POSITIVE_INFINITY : Math.max(TIMES_FREE, ofOne / (places - ofOne));
  }

  /** Whether a caller who has `own` of the `taken` places may take another. The first is never refused while one is free. */
  admits(own: number, taken: number): boolean {
    const free = this.places - taken;
    if (free <= 0) return false;
    return own === 0 || (own < this.#ofOne && own < this.#timesFree * free);
  }
}

/** The part of `places` that one caller may take when it may take `ofOne` of `all`; at least one. */
export function partOf(places: number, ofOne: number, all: number): number {
  return Math.max(1, Math.floor((places * Math.min(ofOne, all)) / all));
}
