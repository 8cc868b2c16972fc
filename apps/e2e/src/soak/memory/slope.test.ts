import { seededRandom } from "@mcp-hangar/core/testing";
import { expect, it } from "vitest";
import { slopeOf } from "./slope.ts";

it("finds the slope of a line, without an error", () => {
  const { perStep, error } = slopeOf([3, 5, 7, 9]);
  expect(perStep).toBeCloseTo(2);
  expect(error).toBeCloseTo(0);
});

it("is within three errors of the truth nearly always, when there is noise", () => {
  const random = seededRandom(3);
  const within = Array.from({ length: 500 }, () => {
    const values = Array.from({ length: 12 }, (_, x) => 4 * x + 10 * (random.next() + random.next() - 1));
    const { perStep, error } = slopeOf(values);
    return Math.abs(perStep - 4) <= 3 * error;
  });
  expect(within.filter(Boolean).length).toBeGreaterThan(480);
});

it("refuses two values, through which every line fits", () => {
  expect(() => slopeOf([1, 2])).toThrow("2 values");
});
