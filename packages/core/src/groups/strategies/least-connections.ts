import { RoundRobin } from "./round-robin.ts";
import { type Candidate, type Strategy, strategyKind } from "./strategy.ts";

/** Where the fewest calls are in flight. */
export const leastConnections = strategyKind({
  name: "least_connections",
  description: "where the fewest calls are in flight, measured by the weights",
  create: () => new LeastConnections(),
});

class LeastConnections implements Strategy {
  readonly #equals = new RoundRobin();

  pick<C extends Candidate>(candidates: readonly [C, ...C[]]): C {
    const [first, ...others] = candidates;
    let least: [C, ...C[]] = [first];
    for (const candidate of others) {
      const difference = compare(candidate, least[0]);
      if (difference < 0) least = [candidate];
      else if (difference === 0) least.push(candidate);
    }
    return this.#equals.pick(least);
  }
}

/** Calls for each unit of weight, compared without a division, so that equals are equal. */
function compare(a: Candidate, b: Candidate): number {
  return a.inFlight * b.weight - b.inFlight * a.weight;
}
