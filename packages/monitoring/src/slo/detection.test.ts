import { describe, expect, it } from "vitest";
import type { BurnWindow, Slo } from "../model.ts";
import { detectionSeconds } from "./detection.ts";

const window: BurnWindow = { long: "1h", short: "5m", factor: 14.4, minimum: 10, for: "2m", severity: "critical" };
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

describe("with few events", () => {
  const perSecond = (eventsPerSecond: number, errorRatio = 1): number | undefined =>
    detectionSeconds({ ...slo, budget: 0.01, objective: 0.99 }, window, errorRatio, 300, eventsPerSecond);
  const unbounded = detectionSeconds({ ...slo, budget: 0.01, objective: 0.99 }, window, 1, 300);

  it.each([1, 10, 1_000])("%i a second are detected as soon as ever", (eventsPerSecond) => {
    expect(perSecond(eventsPerSecond)).toBe(unbounded);
  });

  it("waits until the minimum of bad ones is met", () => {
    // Ten at one in a minute are ten minutes; the recorded rate is late by half of its window.
    expect(perSecond(1 / 60)).toBeCloseTo(600 + 150 + 120, 6);
    expect(perSecond(1 / 60, 0.5)).toBeCloseTo(1_200 + 150 + 120, 6);
  });

  it("never detects fewer than the minimum in all of the long window", () => {
    expect(perSecond(9 / 3_600)).toBeUndefined();
    expect(perSecond(11 / 3_600)).toBeDefined();
  });
});
