import { describe, expect, it } from "vitest";
import { seededRandom } from "../../testing/index.ts";
import { type Candidate, createStrategy, STRATEGIES, type Strategy, type StrategyName } from "./index.ts";

type Candidates = readonly [Candidate, ...Candidate[]];

function candidate(id: string, more: Partial<Candidate> = {}): Candidate {
  return { id, weight: 1, priority: 1, inFlight: 0, ...more };
}

const THREE: Candidates = [candidate("a"), candidate("b"), candidate("c")];

function strategy(name: StrategyName, seed = 1): Strategy {
  return createStrategy(name, seededRandom(seed).next);
}

function picks(from: Strategy, candidates: Candidates, turns: number): readonly string[] {
  return Array.from({ length: turns }, () => from.pick(candidates).id);
}

function counts(ids: readonly string[]): Readonly<Record<string, number>> {
  return Object.fromEntries([...Map.groupBy(ids, (id) => id)].map(([id, all]) => [id, all.length]));
}

describe.each(STRATEGIES)("the strategy $name", ({ name, description }) => {
  it("says in half a sentence what it does", () => {
    expect(description).toMatch(/^[a-z].{10,}[^.]$/);
  });

  it("picks one of the candidates as it was given, whoever else was there before", () => {
    const random = seededRandom(7);
    const tested = strategy(name);
    const all = Array.from({ length: 8 }, (_, index) =>
      candidate(`m${index}`, { weight: random.integer(1, 5), priority: random.integer(0, 3) }),
    );
    for (let turn = 0; turn < 2_000; turn++) {
      const present = all.filter(() => random.chance(0.5)).map((one) => ({ ...one, inFlight: random.integer(0, 3) }));
      const [first, ...others] = present;
      if (first !== undefined) expect(present).toContain(tested.pick([first, ...others]));
    }
  });

  it("picks the only candidate every time", () => {
    expect(new Set(picks(strategy(name), [candidate("a", { inFlight: 9 })], 10))).toEqual(new Set(["a"]));
  });

  it("leaves nobody out among equals", () => {
    expect(Object.keys(counts(picks(strategy(name), THREE, 100))).sort()).toEqual(["a", "b", "c"]);
  });

  it("repeats itself for the same chance", () => {
    const weighted: Candidates = [candidate("a", { weight: 3 }), candidate("b"), candidate("c", { weight: 2 })];
    expect(picks(strategy(name, 5), weighted, 100)).toEqual(picks(strategy(name, 5), weighted, 100));
  });
});

describe("round_robin", () => {
  it("takes everybody in turn, in the order of the configuration", () => {
    expect(picks(strategy("round_robin"), THREE, 7)).toEqual(["a", "b", "c", "a", "b", "c", "a"]);
  });

  it("goes on where it was when a member leaves and comes back", () => {
    const tested = strategy("round_robin");
    expect(picks(tested, THREE, 2)).toEqual(["a", "b"]);
    expect(picks(tested, [candidate("a"), candidate("b")], 3)).toEqual(["a", "b", "a"]);
    expect(picks(tested, THREE, 3)).toEqual(["c", "b", "a"]);
  });
});

describe("weighted_round_robin", () => {
  const weighted: Candidates = [candidate("a", { weight: 5 }), candidate("b"), candidate("c")];

  it("gives each exactly its weight over every cycle", () => {
    const tested = strategy("weighted_round_robin");
    for (let cycle = 0; cycle < 50; cycle++) expect(counts(picks(tested, weighted, 7))).toEqual({ a: 5, b: 1, c: 1 });
  });

  it("spreads the turns of the heavy one", () => {
    expect(picks(strategy("weighted_round_robin"), weighted, 7)).toEqual(["a", "a", "b", "a", "c", "a", "a"]);
  });

  it("owes nobody more than a cycle when members come and go", () => {
    const random = seededRandom(3);
    const tested = strategy("weighted_round_robin");
    for (let turn = 0; turn < 1_000; turn++) {
      const [first, ...others] = weighted.filter(() => random.chance(0.7));
      if (first !== undefined) tested.pick([first, ...others]);
    }
    const { a, b, c } = counts(picks(tested, weighted, 700));
    expect([Math.abs((a ?? 0) - 500) <= 7, Math.abs((b ?? 0) - 100) <= 7, Math.abs((c ?? 0) - 100) <= 7]).toEqual([
      true,
      true,
      true,
    ]);
  });
});

describe("least_connections", () => {
  it("picks where the fewest calls are in flight", () => {
    const tested = strategy("least_connections");
    const busy: Candidates = [
      candidate("a", { inFlight: 3 }),
      candidate("b", { inFlight: 1 }),
      candidate("c", { inFlight: 2 }),
    ];
    expect(picks(tested, busy, 3)).toEqual(["b", "b", "b"]);
  });

  it("measures by the weights", () => {
    const tested = strategy("least_connections");
    expect(tested.pick([candidate("a", { inFlight: 2 }), candidate("b", { inFlight: 5, weight: 3 })]).id).toBe("b");
    expect(tested.pick([candidate("a", { inFlight: 1 }), candidate("b", { inFlight: 4, weight: 3 })]).id).toBe("a");
  });

  it("takes equals in turn, so that quiet hours are shared too", () => {
    expect(picks(strategy("least_connections"), THREE, 6)).toEqual(["a", "b", "c", "a", "b", "c"]);
  });
});

describe("random", () => {
  it("shares in proportion to the weights", () => {
    const weighted: Candidates = [candidate("a", { weight: 6 }), candidate("b", { weight: 3 }), candidate("c")];
    const { a, b, c } = counts(picks(strategy("random"), weighted, 10_000));
    // Four standard deviations of 10 000 throws.
    expect(Math.abs((a ?? 0) - 6_000)).toBeLessThan(196);
    expect(Math.abs((b ?? 0) - 3_000)).toBeLessThan(184);
    expect(Math.abs((c ?? 0) - 1_000)).toBeLessThan(120);
  });

  it("never leaves the list, whatever chance says", () => {
    for (const chance of [0, 0.5, 1 - 2 ** -53]) {
      expect(["a", "b", "c"]).toContain(createStrategy("random", () => chance).pick(THREE).id);
    }
  });
});

describe("priority", () => {
  it("stays with the lowest number, and takes the next when that is away", () => {
    const tested = strategy("priority");
    const ranked: Candidates = [
      candidate("c", { priority: 3 }),
      candidate("a", { priority: 0 }),
      candidate("b", { priority: 2 }),
    ];
    expect(picks(tested, ranked, 3)).toEqual(["a", "a", "a"]);
    expect(tested.pick([candidate("c", { priority: 3 }), candidate("b", { priority: 2 })]).id).toBe("b");
  });

  it("takes equals in turn", () => {
    const ranked: Candidates = [candidate("a"), candidate("b"), candidate("spare", { priority: 2 })];
    expect(picks(strategy("priority"), ranked, 4)).toEqual(["a", "b", "a", "b"]);
  });
});
