import { type Candidate, type Strategy, strategyKind } from "./strategy.ts";

/** By chance, in proportion to the weights. */
export const random = strategyKind({
  name: "random",
  description: "by chance, in proportion to the weights",
  create: (next) => new WeightedChance(next),
});

class WeightedChance implements Strategy {
  readonly #next: () => number;

  constructor(next: () => number) {
    this.#next = next;
  }

  pick<C extends Candidate>(candidates: readonly [C, ...C[]]): C {
    const total = candidates.reduce((sum, { weight }) => sum + weight, 0);
    let left = this.#next() * total;
    for (const candidate of candidates) {
      left -= candidate.weight;
      if (left < 0) return candidate;
    }
    return candidates[0];
  }
}
