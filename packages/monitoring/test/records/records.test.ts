import { describe, expect, test } from "vitest";
import { nameOfRecord } from "../mutation/mutants.ts";
import { recitals, stories } from "./recitals.ts";
import { recite } from "./recite.ts";

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
});
