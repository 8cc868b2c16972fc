import { describe, expect, it } from "vitest";
import { seededRandom } from "../testing/index.ts";
import { RETRY_AFTER_MAX_MS, retryDelayMs } from "./retry.ts";

describe("the wait before the next attempt", () => {
  const limits = { baseMs: 100, maxMs: 10_000 };

  it.each([
    [1, 100],
    [2, 200],
    [5, 1_600],
    [8, 10_000],
    [5_000, 10_000],
  ])("after %i failures in a row is spread from 0 to %i ms", (failures, longestMs) => {
    expect(retryDelayMs(failures, limits, () => 0)).toBe(0);
    expect(retryDelayMs(failures, limits, () => 1)).toBe(longestMs);
    const random = seededRandom(failures);
    const waits = Array.from({ length: 1_000 }, () => retryDelayMs(failures, limits, random));
    expect(Math.min(...waits)).toBeLessThan(longestMs * 0.05);
    expect(Math.max(...waits)).toBeGreaterThan(longestMs * 0.95);
  });

  it("is never a number that a timer cannot take", () => {
    expect(retryDelayMs(5_000, { baseMs: 0, maxMs: 100 }, () => 1)).toBe(0);
    for (const askedMs of [Number.NaN, Number.POSITIVE_INFINITY, -5]) {
      expect(retryDelayMs(1, limits, () => 1, askedMs)).toBe(100);
    }
  });

  it("comes on top of what the receiver asks for, which has a limit", () => {
    expect(retryDelayMs(1, limits, () => 1, 5_000)).toBe(5_100);
    expect(retryDelayMs(1, limits, () => 0, 365 * 86_400_000)).toBe(RETRY_AFTER_MAX_MS);
  });
});
