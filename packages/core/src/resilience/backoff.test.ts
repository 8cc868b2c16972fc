import { describe, expect, it } from "vitest";
import { seededRandom } from "../testing/seeded-random.ts";
import { backoffMs } from "./backoff.ts";

const LIMITS = { baseMs: 1_000, maxMs: 60_000 };
const lowest = (): number => 0;
const highest = (): number => 1 - 2 ** -32;

describe("backoffMs", () => {
  it("spreads the first wait between half of the base and the base", () => {
    expect(backoffMs(0, LIMITS, lowest)).toBe(500);
    expect(backoffMs(0, LIMITS, highest)).toBeCloseTo(1_000, 3);
  });

  it("doubles until the cap and never exceeds it", () => {
    const waits = [0, 1, 2, 3, 4, 5, 6, 7].map((attempt) => backoffMs(attempt, LIMITS, lowest) * 2);
    expect(waits).toEqual([1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000]);
  });

  it("grows by the factor it is given", () => {
    expect(backoffMs(2, { ...LIMITS, factor: 3 }, lowest) * 2).toBe(9_000);
  });

  it("stays finite after thousands of attempts", () => {
    expect(backoffMs(10_000, LIMITS, highest)).toBeCloseTo(60_000, 3);
    expect(backoffMs(10_000, { baseMs: 0, maxMs: 60_000 }, highest)).toBe(0);
  });

  it("treats a negative attempt as the first", () => {
    expect(backoffMs(-3, LIMITS, lowest)).toBe(500);
  });

  it("keeps every wait between half of a cap that never falls and the cap", () => {
    const random = seededRandom(7);
    for (let round = 0; round < 300; round++) {
      const baseMs = random.integer(1, 5_000);
      const limits = { baseMs, maxMs: baseMs * random.integer(1, 1_000), factor: 1 + random.next() * 4 };
      let previousCapMs = 0;
      for (let attempt = 0; attempt < 40; attempt++) {
        const capMs = backoffMs(attempt, limits, lowest) * 2;
        const waitMs = backoffMs(attempt, limits, random.next);
        expect(capMs).toBeGreaterThanOrEqual(previousCapMs);
        expect(capMs).toBeLessThanOrEqual(limits.maxMs);
        expect(waitMs).toBeGreaterThanOrEqual(capMs / 2);
        expect(waitMs).toBeLessThan(capMs);
        previousCapMs = capMs;
      }
    }
  });
});
