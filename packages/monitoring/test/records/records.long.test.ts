import { describe, expect, test } from "vitest";
import { damagedRecords } from "../mutation/mutants.ts";
import { recitals } from "./recitals.ts";
import { recite } from "./recite.ts";

describe("promtool", { tags: ["promtool"] }, () => {
  test("is content with no rule that is damaged", { timeout: 240_000 }, async () => {
    const damaged = recitals.flatMap((recital) =>
      damagedRecords(recital.rule).map((damage) => ({ ...recital, damage })),
    );
    const verdicts = await recite(damaged.map(({ damage, stories: own }) => ({ rule: damage.damaged, stories: own })));
    const unnoticed = damaged.filter(({ damage }, index) => verdicts[index] === "" && !isEquivalent(damage));
    expect(unnoticed.map(({ damage }) => `${damage.where}: ${damage.operator}: ${damage.what}`)).toEqual([]);
    expect(damaged.length).toBeGreaterThan(100);
  });
});

/** Behaves like the original: what is multiplied by zero counts only by being there. */
function isEquivalent({ isErased }: { readonly isErased: boolean }): boolean {
  return isErased;
}
