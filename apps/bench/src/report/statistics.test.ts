import { expect, test } from "vitest";
import { geometricMean, relativeError } from "./statistics.ts";

test("the mean of ratios is the inverse of the mean of their inverses", () => {
  const ratios = [1.1, 0.9, 1.3, 1.02];
  expect(geometricMean([2, 0.5])).toBeCloseTo(1, 12);
  expect(geometricMean(ratios.map((ratio) => 1 / ratio))).toBeCloseTo(1 / geometricMean(ratios), 12);
});

test("the error is that of a mean: none where all are equal, half as large with four times as many", () => {
  expect(relativeError([1.04, 1.04, 1.04])).toBe(0);
  expect(relativeError([1.05])).toBeNaN();
  const some = [0.9, 1.1];
  const many = Array.from({ length: 100 }, () => some).flat();
  expect(relativeError(many)).toBeCloseTo(relativeError(some) / Math.sqrt(199), 6);
});
