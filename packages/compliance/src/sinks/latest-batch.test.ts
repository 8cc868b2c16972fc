import { expect, test } from "vitest";
import { LatestBatch } from "./latest-batch.ts";

test("the same array has the same made of it until it is forgotten, or another comes", () => {
  let made = 0;
  const latest = new LatestBatch((batch: readonly string[]) => ({ text: batch.join(), number: ++made }));
  const one = ["a", "b"];
  const other = ["a", "b"];
  const first = latest.of(one);
  expect(first).toEqual({ text: "a,b", number: 1 });
  expect(latest.of(one)).toBe(first);
  latest.forget(other);
  expect(latest.of(one)).toBe(first);
  expect(latest.of(other)).toEqual({ text: "a,b", number: 2 });
  latest.forget(other);
  expect(latest.of(other).number).toBe(3);
  expect(latest.of(one).number).toBe(4);
});
