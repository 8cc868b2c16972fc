import { expect, test } from "vitest";
import * as vocabulary from "./vocabulary.ts";

test.each([
  [200, "200"],
  [404, "404"],
  [503, "503"],
  [418, "_other"],
  [0, "_other"],
  [Number.NaN, "_other"],
])("the HTTP status %d has the label %s", (statusCode, label) => {
  expect(vocabulary.httpStatusLabel(statusCode)).toBe(label);
});

test("every enumeration has values, and none twice", () => {
  const enumerations = Object.values(vocabulary).filter((value) => typeof value !== "function");
  expect(enumerations.length).toBeGreaterThan(15);
  for (const values of enumerations) {
    expect(values.length).toBeGreaterThan(0);
    expect(new Set(values).size).toBe(values.length);
  }
});

test("the states are listed in the order of their gauge values", () => {
  expect(vocabulary.SERVER_STATES).toEqual(["cold", "initializing", "ready", "degraded", "dead"]);
  expect(vocabulary.BREAKER_STATES).toEqual(["closed", "half_open", "open"]);
});
