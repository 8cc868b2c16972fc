/** What a strategy sees of a member that may take the call. */
export interface Candidate {
  readonly id: string;
  /** At least 1. */
  readonly weight: number;
  /** The lower number is preferred. */
  readonly priority: number;
  /** Calls that wait for the member or run at it, whichever way they came. */
  readonly inFlight: number;
}

/** Chooses members for the calls of one group; what fairness has to remember it remembers by itself. */
export interface Strategy {
  /** One of the candidates, in the order of the configuration. There must be one; others may be there the next time. */
  pick<C extends Candidate>(candidates: readonly [C, ...C[]]): C;
}

/** A way of sharing calls among members, as the configuration names it. */
export interface StrategyKind<Name extends string = string> {
  readonly name: Name;
  /** Half a sentence for the reference of the configuration. */
  readonly description: string;
  /** `random` is uniform in [0, 1). */
  readonly create: (random: () => number) => Strategy;
}

/** Keeps the name of a strategy as a literal type. */
export function strategyKind<const Name extends string>(kind: StrategyKind<Name>): StrategyKind<Name> {
  return kind;
}
