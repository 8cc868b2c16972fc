import { expect, it } from "vitest";
import type { BurnWindow, Slo } from "../model.ts";
import { detectionSeconds } from "./detection.ts";

const window: BurnWindow = { long: "1h", short: "5m", factor: 14.4, for: "2m", severity: "critical" };
const slo: Slo = {
  name: "availability",
  title: "The gateway answers scrapes",
  objective: 0.999,
  budget: 0.001,
  period: "30d",
  windows: [window],
};

it.each([
  // All of it bad: 1.44 % of an hour, and then the time it must last.
  { errorRatio: 1, smoothedSeconds: 0, seconds: 0.0144 * 3_600 + 120 },
  { errorRatio: 0.1, smoothedSeconds: 0, seconds: 0.144 * 3_600 + 120 },
  // Rates recorded over five minutes are late by half of that, once they have risen.
  { errorRatio: 0.1, smoothedSeconds: 300, seconds: 0.144 * 3_600 + 150 + 120 },
  // While such a rate still rises, the bad share grows with the square of time.
  { errorRatio: 1, smoothedSeconds: 300, seconds: Math.sqrt(2 * 300 * 0.0144 * 3_600) + 120 },
])("detects an error ratio of $errorRatio, smoothed over $smoothedSeconds s, after $seconds s", (known) => {
  expect(detectionSeconds(slo, window, known.errorRatio, known.smoothedSeconds)).toBeCloseTo(known.seconds, 6);
});

it("never detects a ratio that the budget allows for", () => {
  expect(detectionSeconds(slo, window, 0.0144, 0)).toBeUndefined();
  expect(detectionSeconds(slo, window, 0.015, 0)).toBeDefined();
});
