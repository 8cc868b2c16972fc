import { expect, test } from "vitest";
import { defaultStack } from "../defaults.ts";
import { mutantsOf } from "./mutants.ts";
import { sample } from "./sample.ts";

const mutants = mutantsOf(defaultStack);

test("every alert that has a threshold is damaged in its threshold, its comparison and its wait", () => {
  for (const { id, conditions } of defaultStack.alerts) {
    const operators = new Set(mutants.filter(({ where }) => where === id).map(({ operator }) => operator));
    const expected = [
      "for changed",
      ...(conditions.length > 0 ? ["threshold raised", "threshold lowered", "comparison turned"] : []),
    ];
    expect([id, expected.filter((operator) => !new Set<string>(operators).has(operator))]).toEqual([id, []]);
  }
});

test("a seed always chooses the same", () => {
  expect(sample(mutants, 5, 7)).toEqual(sample(mutants, 5, 7));
  expect(sample(mutants, 5, 7)).not.toEqual(sample(mutants, 5, 8));
});
