import { RoundRobin } from "./round-robin.ts";
import { type Candidate, type Strategy, strategyKind } from "./strategy.ts";

/** The preferred member as long as it is in rotation. */
export const priority = strategyKind({
  name: "priority",
  description: "the lowest priority number that is in rotation, equals in turn",
  create: () => new Preference(),
});

class Preference implements Strategy {
  readonly #equals = new RoundRobin();

  pick<C extends Candidate>(candidates: readonly [C, ...C[]]): C {
    const preferred = Math.min(...candidates.map((candidate) => candidate.priority));
    const [first, ...others] = candidates.filter((candidate) => candidate.priority === preferred);
    return first === undefined ? candidates[0] : this.#equals.pick([first, ...others]);
  }
}
