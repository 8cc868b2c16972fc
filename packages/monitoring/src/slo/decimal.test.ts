import { expect, test } from "vitest";
import { complementOf, product, quotient } from "./decimal.ts";

test("what is missing to 1 has no noise of floating point", () => {
  expect([0.999, 0.95, 0.99999, 0.9, 1, 0, 1e-7].map(complementOf)).toEqual([
    0.001, 0.05, 0.00001, 0.1, 0, 1, 0.9999999,
  ]);
});

test("products and quotients have none either", () => {
  expect(product(14.4, 0.001)).toBe(0.0144);
  expect(product(0.02, 2_592_000)).toBe(51_840);
  expect(quotient(51_840, 3_600)).toBe(14.4);
  expect(quotient(1, 3)).toBe(0.333333333333);
  expect(() => product(Number.NaN, 1)).toThrow("NaN is not a finite number");
});
