import { type Candidate, type Strategy, strategyKind } from "./strategy.ts";

/** Every member in turn. */
export const roundRobin = strategyKind({
  name: "round_robin",
  description: "every member in turn",
  create: () => new RoundRobin(),
});

/** Also decides between equals for strategies that compare members. */
export class RoundRobin implements Strategy {
  /** Number of the turn in which a member was picked last; absent before its first. */
  readonly #lastTurn = new Map<string, number>();
  #turn = 0;

  /** Whoever has waited longest, so that members that come and go neither lose their turn nor get two. */
  pick<C extends Candidate>(candidates: readonly [C, ...C[]]): C {
    const picked = candidates.reduce((oldest, candidate) =>
      this.#turnOf(candidate) < this.#turnOf(oldest) ? candidate : oldest,
    );
    this.#lastTurn.set(picked.id, ++this.#turn);
    return picked;
  }

  #turnOf({ id }: Candidate): number {
    return this.#lastTurn.get(id) ?? 0;
  }
}
