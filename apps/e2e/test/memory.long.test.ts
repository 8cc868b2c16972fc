import { expect, test } from "vitest";
import { KINDS } from "../src/soak/memory/kinds.ts";
import { runMemorySoak } from "../src/soak/memory/run.ts";
import { wordsOf } from "../src/soak/memory/words.ts";

/** Bytes that a use may leave for certain; the smallest thing that was ever forgotten here was a listener of 5 KB. */
const BYTES_EACH_MAX = 1_500;
/** A measurement that errs by more would not see what it is there for. */
const ERROR_MAX = 1_000;

test("the live heap is flat, whatever clients open and leave, for thousands of times", {
  tags: ["linux"],
  timeout: 900_000,
}, async () => {
  const reports = await runMemorySoak({ times: 120, rounds: 8, warmUp: 4 }, (report) => {
    process.stderr.write(`${wordsOf(report)}\n`);
  });
  expect(reports.map(({ kind }) => kind)).toEqual(KINDS.map(({ name }) => name));
  for (const { kind, bytesEach, openFiles, processes } of reports) {
    expect(bytesEach.error, kind).toBeLessThan(ERROR_MAX);
    expect(bytesEach.perStep - 3 * bytesEach.error, kind).toBeLessThan(BYTES_EACH_MAX);
    expect(openFiles.at(-1), kind).toBeLessThanOrEqual((openFiles[0] ?? 0) + 16);
    expect(new Set(processes).size, kind).toBe(1);
  }
});
