import { expect, test } from "vitest";
import { verdict } from "./figure.ts";
import { median, percentile } from "./statistics.ts";

const base = { id: "x", label: "x", unit: "ms" };

test("a figure on its limit passes, and one beyond it says by how much it falls short", () => {
  expect(verdict({ ...base, value: 0.8, target: { atLeast: 0.8 } })).toBe("PASS");
  expect(verdict({ ...base, value: 0.6, target: { atLeast: 0.8 } })).toBe("short by 25 %");
  expect(verdict({ ...base, value: 0.15, target: { atMost: 0.15 } })).toBe("PASS");
  expect(verdict({ ...base, value: 0.3, target: { atMost: 0.15 } })).toBe("short by 100 %");
  expect(verdict({ ...base, value: 1.0034, target: { atMost: 1 } })).toBe("short by 0.3 %");
  expect(verdict({ ...base, value: 1 })).toBe("");
});

test("a figure that is not a number does not pass", () => {
  expect(verdict({ ...base, value: Number.NaN, target: { atMost: 1 } })).not.toBe("PASS");
});

test("medians and percentiles interpolate between neighbours", () => {
  expect(median([4, 1, 3, 2])).toBe(2.5);
  expect(percentile(Float64Array.from([0, 10]), 0.99)).toBeCloseTo(9.9);
  expect(median([])).toBeNaN();
});
