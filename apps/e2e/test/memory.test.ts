import { expect, test } from "vitest";
import { KINDS } from "../src/soak/memory/kinds.ts";
import { type KindReport, runMemorySoak } from "../src/soak/memory/run.ts";

/** Uses that are enough to see a leak of some KB; what official clients leave shows only in `memory.long.test.ts`. */
const ENOUGH = 80;

test("whatever clients open and leave, nothing of it stays", { tags: ["linux"], timeout: 600_000 }, async () => {
  const reports: KindReport[] = [];
  await runMemorySoak({ times: 40, rounds: 4, warmUp: 3 }, (report) => reports.push(report));
  expect(reports.map(({ kind }) => kind)).toEqual(KINDS.map(({ name }) => name));
  for (const { kind, times, bytesEach, openFiles, processes } of reports) {
    // What is certainly there, beyond what measuring errs by.
    if (times >= ENOUGH) expect(bytesEach.perStep - 3 * bytesEach.error, kind).toBeLessThan(2_000);
    expect(openFiles.at(-1), kind).toBeLessThanOrEqual((openFiles[0] ?? 0) + 16);
    expect(new Set(processes).size, kind).toBe(1);
  }
});
