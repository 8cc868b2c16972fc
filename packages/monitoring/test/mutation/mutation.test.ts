import { describe, expect, test } from "vitest";
import { resolveOptions } from "../../src/settings/options.ts";
import { buildStack } from "../../src/stack.ts";
import { hasPromtool } from "../promtool.ts";
import { mutantsOf } from "./mutants.ts";
import { sample } from "./sample.ts";
import { describeMutant, scoreOf } from "./score.ts";

const mutants = mutantsOf(buildStack(resolveOptions()));

/** A few of all; `pnpm --filter @mcp-hangar/monitoring mutate` plays the others too. */
const SAMPLE = 40;

test("every alert that has a threshold is damaged in its threshold, its comparison and its wait", () => {
  for (const { id, conditions } of buildStack(resolveOptions()).alerts) {
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

describe.skipIf(!hasPromtool)("a sample of damaged rules", () => {
  test("is noticed by some scenario each", { timeout: 240_000 }, async () => {
    const { survived, killed, equivalent } = await scoreOf(sample(mutants, SAMPLE, mutants.length));
    expect(survived.map(describeMutant)).toEqual([]);
    expect(killed.length + equivalent.length).toBe(SAMPLE);
    expect(killed.length).toBeGreaterThan(SAMPLE / 2);
  });
});
