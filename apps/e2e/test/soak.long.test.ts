import { describe, expect, test } from "vitest";
import { runSoak } from "../src/soak/run.ts";

/** A few seconds of what `pnpm --filter @mcp-hangar/e2e soak` does for minutes; memory shows only there. */
const CALLS = 4_000;

describe("a soak", () => {
  test("accounts for every call while clients and servers come and go, and leaves nothing behind", {
    timeout: 300_000,
  }, async () => {
    const report = await runSoak({ calls: CALLS, seed: 7, lanes: 8 }, () => {});
    expect(report.violations).toEqual([]);
    const ended = Object.values(report.endings).reduce((sum, count) => sum + count, 0);
    expect(ended).toBeGreaterThanOrEqual(CALLS);
    expect(report.endings.success).toBeGreaterThan(CALLS / 4);
    // A soak in which nothing goes wrong proves nothing.
    for (const [fault, count] of Object.entries(report.faults)) expect(count, fault).toBeGreaterThan(0);
    for (const ending of ["left", "error (tool_error)", "rejected (unknown_tool)"]) {
      expect(report.endings[ending], ending).toBeGreaterThan(0);
    }
  });
});
