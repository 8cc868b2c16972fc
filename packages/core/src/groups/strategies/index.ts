import { leastConnections } from "./least-connections.ts";
import { priority } from "./priority.ts";
import { random } from "./random.ts";
import { roundRobin } from "./round-robin.ts";
import type { Strategy } from "./strategy.ts";
import { weightedRoundRobin } from "./weighted-round-robin.ts";

export type { Candidate, Strategy } from "./strategy.ts";

/** Every strategy that a group may have. A new one is a file beside this one, and a line here. */
export const STRATEGIES = [roundRobin, weightedRoundRobin, leastConnections, random, priority] as const;

/** The name of a strategy, as the configuration spells it. */
export type StrategyName = (typeof STRATEGIES)[number]["name"];

/** A fresh strategy of the given name. `random` is uniform in [0, 1). */
export function createStrategy(name: StrategyName, next: () => number): Strategy {
  // A name is the name of one of the list: that is its type.
  const kind = STRATEGIES.find((candidate) => candidate.name === name) as (typeof STRATEGIES)[number];
  return kind.create(next);
}
