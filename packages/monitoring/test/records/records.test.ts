import { describe, expect, test } from "vitest";
import { resolveOptions } from "../../src/settings/options.ts";
import { buildStack } from "../../src/stack.ts";
import { damagedRecords, nameOfRecord } from "../mutation/mutants.ts";
import { rulesBehind } from "../promtool.ts";
import { rateStories } from "./rate-stories.ts";
import { type Recital, recite } from "./recite.ts";
import { sloStories } from "./slo-stories.ts";

const stack = buildStack(resolveOptions());

/** What every recording rule has to make of what it reads, of those that no alert stands upon. */
const stories = [...rateStories, ...sloStories];

/** Rules that the scenarios of alerts play, so that nothing else has to. */
const behindAlerts = rulesBehind(
  stack.alerts.map(({ expr }) => expr),
  stack.recordingRules,
);

const recitals: readonly Recital[] = stack.recordingRules
  .filter((rule) => !behindAlerts.has(rule))
  .map((rule) => ({
    rule,
    stories: stories.filter(({ record, labels = {} }) => nameOfRecord({ record, labels }) === nameOfRecord(rule)),
  }));

test("every recording rule is behind an alert or has a story, and no story is about another", () => {
  expect(recitals.filter((each) => each.stories.length === 0).map(({ rule }) => nameOfRecord(rule))).toEqual([]);
  const told = new Set(recitals.flatMap((each) => each.stories));
  expect(stories.filter((story) => !told.has(story)).map(({ record, title }) => [record, title])).toEqual([]);
});

describe("promtool", { tags: ["promtool"] }, () => {
  test("sees every recording rule make what its stories say", async () => {
    const verdicts = await recite(recitals);
    expect(verdicts.filter((verdict) => verdict !== "").join("\n\n")).toBe("");
  });

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
