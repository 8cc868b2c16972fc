import { expect, it } from "vitest";
import { FakeClock } from "../testing/fake-clock.ts";
import { changedNames, sameItems } from "./list-difference.ts";
import type { ListItems } from "./lists.ts";

const clock = new FakeClock();
const items = (names: string): ListItems => Array.from(names, (name) => ({ name }));

it.each([
  ["abc", "abc", true, ""],
  ["abc", "ab", false, "c"],
  ["abc", "xabc", false, "x"],
  ["abc", "axc", false, "bx"],
  ["", "", true, ""],
  ["", "ab", false, "ab"],
  ["a", "", false, "a"],
  ["aa", "aa", true, undefined],
  ["ab", "ba", false, undefined],
  ["abc", "cxab", false, undefined],
])("from %j to %j: the same %j, with changes of %j", async (before, now, same, names) => {
  expect(await sameItems(items(before), items(now), clock)).toBe(same);
  if (same) return;
  const changed = await changedNames("prompts", [items(before), items(now)], clock);
  expect(changed && [...changed].sort().join("")).toBe(names);
});

it("names an item that looks different", async () => {
  const now = [{ name: "a" }, { name: "b", description: "new" }];
  expect(await sameItems(items("ab"), now, clock)).toBe(false);
  expect(await changedNames("prompts", [items("ab"), now], clock)).toEqual(new Set(["b"]));
});

it("takes a list that was never fetched for another one", async () => {
  expect(await sameItems(undefined, [], clock)).toBe(false);
});

it("names at most a hundred items", async () => {
  const many = Array.from({ length: 101 }, (_, index) => ({ uri: `memo://${index}` }));
  expect(await changedNames("resources", [[], many], clock)).toBeUndefined();
  expect(await changedNames("resources", [many, []], clock)).toBeUndefined();
  expect((await changedNames("resources", [many, many.slice(0, 1)], clock))?.size).toBe(100);
});
