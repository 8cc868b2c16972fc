import { seededRandom } from "@mcp-hangar/core/testing";
import { describe, expect, it } from "vitest";
import { RetentionTime } from "./retention-time.ts";

const HOUR_MS = 3_600_000;
const AGE_MS = 24 * HOUR_MS;

describe("the time by which entries are too old", () => {
  it("is the time of day, as long as nobody sets the clock", () => {
    const time = new RetentionTime(AGE_MS);
    for (let hour = 0; hour < 100; hour++) {
      // A few milliseconds of correction are nothing.
      const wallMs = 1e12 + hour * HOUR_MS + (hour % 7) * 20;
      expect(time.at(wallMs, hour * HOUR_MS)).toBe(wallMs);
    }
  });

  it("is held back after a step forward, until what was written before it is too old", () => {
    const time = new RetentionTime(AGE_MS);
    time.at(0, 0);
    const yearMs = 365 * AGE_MS;
    expect(time.at(yearMs, 0)).toBe(0);
    expect(time.at(yearMs + AGE_MS - 1, AGE_MS - 1)).toBe(AGE_MS - 1);
    expect(time.at(yearMs + AGE_MS, AGE_MS)).toBe(yearMs + AGE_MS);
  });

  it("is the time of day again when the step is taken back, and is not pushed ahead by a step back", () => {
    const time = new RetentionTime(AGE_MS);
    time.at(0, 0);
    time.at(50 * AGE_MS, 0);
    expect(time.at(HOUR_MS, HOUR_MS)).toBe(HOUR_MS);
    expect(time.at(-AGE_MS, HOUR_MS)).toBe(-AGE_MS);
  });

  it("never makes an entry too old before its age has passed, however the clock is set forward", () => {
    const random = seededRandom(3);
    const next = (): number => random.next();
    const integer = (min: number, max: number): number => random.integer(min, max);
    for (let run = 0; run < 200; run++) {
      const time = new RetentionTime(AGE_MS);
      const entries: { readonly wallMs: number; readonly steadyMs: number }[] = [];
      let wallMs = 1e12;
      for (let steadyMs = 0; steadyMs < 5 * AGE_MS; steadyMs += HOUR_MS) {
        if (next() < 0.1) wallMs += integer(60_000, 1_000 * AGE_MS);
        entries.push({ wallMs, steadyMs });
        const nowMs = time.at(wallMs, steadyMs);
        for (const entry of entries) {
          const isTooOld = entry.wallMs < nowMs - AGE_MS;
          if (isTooOld) expect(steadyMs - entry.steadyMs).toBeGreaterThanOrEqual(AGE_MS);
        }
        wallMs += HOUR_MS;
      }
      // After a while without steps everything that is old goes.
      const later = time.at(wallMs + AGE_MS, 6 * AGE_MS);
      expect(later).toBe(wallMs + AGE_MS);
    }
  });
});
