import { expect, it } from "vitest";
import { affordable, descriptorsMax } from "./descriptors.ts";

const WANTED = { total: 1_000, perAddress: 500, reserved: 64 };
const limits = (max: string): string =>
  `Limit      Soft Limit  Hard Limit  Units\nMax open files            ${max}  ${max}  files\n`;

it.each([
  ["64", 64],
  ["1048576", 1_048_576],
  ["unlimited", undefined],
  ["", undefined],
])("descriptors are read from what Linux says: %j", (max, expected) => {
  expect(descriptorsMax(() => limits(max))).toBe(expected);
});

it("connections take at most a part of few descriptors, and what is wanted of many", () => {
  expect(affordable(WANTED, 64)).toEqual({ total: 25, perAddress: 500, reserved: 3 });
  expect(affordable(WANTED, 4_096)).toEqual(WANTED);
  expect(affordable(WANTED, undefined)).toEqual(WANTED);
  for (let descriptors = 1; descriptors < 300; descriptors++) {
    const { total, reserved } = affordable(WANTED, descriptors);
    expect(Math.min(total, reserved)).toBeGreaterThan(0);
    if (descriptors >= 20) expect(total + reserved).toBeLessThan(descriptors / 2);
  }
});
