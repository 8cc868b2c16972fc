import { expect, test } from "vitest";
import { type Duration, fromSeconds, toSeconds } from "./duration.ts";

test("durations become seconds and back, in their shortest spelling", () => {
  expect((["0s", "90s", "5m", "6h", "30d", "1w"] as const).map(toSeconds)).toEqual([
    0, 90, 300, 21_600, 2_592_000, 604_800,
  ]);
  expect([0, 90, 300, 21_600, 2_592_000, 604_800].map(fromSeconds)).toEqual(["0s", "90s", "5m", "6h", "30d", "7d"]);
});

test("what Prometheus would not read as one number and unit is refused", () => {
  for (const wrong of ["1.5h", "-5m", "1e3s"] satisfies Duration[]) {
    expect(() => toSeconds(wrong)).toThrow(`"${wrong}" is not a duration`);
  }
});
