import { describe, expect, test } from "vitest";
import { damagedRecords } from "../mutation/mutants.ts";
import { recitals } from "./recitals.ts";
import { recite } from "./recite.ts";

describe("promtool", { tags: ["promtool"] }, () => {
  test("is content with no rule that is damaged", { timeout: 240_000 }, async () => {
    const damaged = recitals.flatMap((recital) =>
      damagedRecords(recital.rule).map((damage) => ({ ...recital, damage })),
    );
    // One story after the other: what one has noticed is not told another.
    let unnoticed = damaged;
    for (let turn = 0; turn < Math.max(...damaged.map(({ stories }) => stories.length)); turn++) {
      const verdicts = await recite(
        unnoticed.map(({ damage, stories }) => ({ rule: damage.damaged, stories: stories.slice(turn, turn + 1) })),
      );
      unnoticed = unnoticed.filter((_each, index) => verdicts[index] === "");
    }
    unnoticed = unnoticed.filter(({ damage }) => !isEquivalent(damage));
    expect(unnoticed.map(({ damage }) => `${damage.where}: ${damage.operator}: ${damage.what}`)).toEqual([]);
    expect(damaged.length).toBeGreaterThan(100);
  });
});

/** Behaves like the original: what is multiplied by zero counts only by being there. */
function isEquivalent({ isErased }: { readonly isErased: boolean }): boolean {
  return isErased;
}
