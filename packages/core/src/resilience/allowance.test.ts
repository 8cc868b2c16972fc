import { describe, expect, it } from "vitest";
import { seededRandom } from "../testing/seeded-random.ts";
import { Allowance, partOf } from "./allowance.ts";

/** How many places callers get who come one after another, each taking all it may. */
function taken(allowance: Allowance, callers: number): readonly number[] {
  const each: number[] = [];
  let all = 0;
  for (let caller = 0; caller < callers; caller++) {
    let own = 0;
    while (allowance.admits(own, all)) {
      own++;
      all++;
    }
    each.push(own);
  }
  return each;
}

describe("an allowance", () => {
  it.each([
    [50, 40, [40, 8, 2, 0]],
    [10, 8, [8, 2, 0]],
    [10, 10, [10, 0]],
    [50, 5, [5, 5, 5, 5, 5, 5, 5, 5, 5, 4, 1, 0]],
    [5, 4, [4, 1, 0]],
    [2, 1, [1, 1, 0]],
    [1, 1, [1, 0]],
    [0, 0, [0]],
  ])("of %d places, %d for one, gives greedy callers %j one after another", (places, ofOne, expected) => {
    expect(taken(new Allowance(places, ofOne), expected.length)).toEqual(expected);
  });

  it("gives a caller alone exactly its part, and whoever has none the last place, for all sizes", () => {
    const random = seededRandom(11);
    for (let round = 0; round < 500; round++) {
      const places = random.integer(1, 2_000);
      const ofOne = random.integer(1, places);
      const allowance = new Allowance(places, ofOne);
      expect(taken(allowance, 1), `${ofOne} of ${places}`).toEqual([ofOne]);
      expect(allowance.admits(0, places - 1)).toBe(true);
      expect(allowance.admits(0, places)).toBe(false);
    }
  });
});

it("a part is rounded down, and never nothing and never more than there is", () => {
  expect([partOf(10, 4, 5), partOf(2, 4, 5), partOf(1, 4, 5), partOf(0, 4, 5)]).toEqual([8, 1, 1, 1]);
  expect([partOf(10, 100, 50), partOf(10, 5, 50), partOf(10, 1, 50)]).toEqual([10, 1, 1]);
});
