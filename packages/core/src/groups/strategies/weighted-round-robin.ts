import { type Candidate, type Strategy, strategyKind } from "./strategy.ts";

/** In turn, as often as the weight says. */
export const weightedRoundRobin = strategyKind({
  name: "weighted_round_robin",
  description: "in turn, each as often as its weight says, evenly spread",
  create: () => new SmoothWeights(),
});

/**
 * The smooth variant that nginx uses: each turn every candidate gains its weight, the richest is picked and pays what all
 * gained. Over a cycle of as many turns as the weights add up to, each is picked exactly as often as its weight.
 */
class SmoothWeights implements Strategy {
  readonly #credit = new Map<string, number>();

  pick<C extends Candidate>(candidates: readonly [C, ...C[]]): C {
    let total = 0;
    let [richest] = candidates;
    for (const candidate of candidates) {
      total += candidate.weight;
      this.#credit.set(candidate.id, this.#creditOf(candidate) + candidate.weight);
      if (this.#creditOf(candidate) > this.#creditOf(richest)) richest = candidate;
    }
    this.#credit.set(richest.id, this.#creditOf(richest) - total);
    return richest;
  }

  #creditOf({ id }: Candidate): number {
    return this.#credit.get(id) ?? 0;
  }
}
