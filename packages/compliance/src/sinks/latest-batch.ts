/**
 * What was made of the batch that is being sent, so that the next attempt finds the same. Batches are sent one at a time. A `WeakMap` would
 * do as well, but the young generation of V8 takes its values for reachable: all batches would be copied, and become old.
 */
export class LatestBatch<Entry, Made> {
  readonly #make: (batch: readonly Entry[]) => Made;
  #latest: { readonly batch: readonly Entry[]; readonly made: Made } | undefined;

  constructor(make: (batch: readonly Entry[]) => Made) {
    this.#make = make;
  }

  /** What is made of a batch: the same for the same array, unless another came between. */
  of(batch: readonly Entry[]): Made {
    if (this.#latest?.batch !== batch) this.#latest = { batch, made: this.#make(batch) };
    return this.#latest.made;
  }

  /** Lets go of what was made of a batch that needs no further attempt. */
  forget(batch: readonly Entry[]): void {
    if (this.#latest?.batch === batch) this.#latest = undefined;
  }
}
