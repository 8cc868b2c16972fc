import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, it } from "vitest";

const script = fileURLToPath(new URL("count-tests.mjs", import.meta.url));
const directory = mkdtempSync(join(tmpdir(), "hangar-count-"));
afterAll(() => rmSync(directory, { recursive: true }));

const passing = { status: "passed", assertionResults: [{ status: "passed" }] };
const failing = { status: "failed", assertionResults: [{ status: "failed" }, { status: "passed" }] };
const broken = { status: "failed", assertionResults: [{ status: "skipped" }] };

describe("the counts of a test run", () => {
  it.each([
    ["passed tests", { numPassedTests: 1, numFailedTests: 0, testResults: [passing] }, 0, "1 0"],
    ["failed tests", { numPassedTests: 2, numFailedTests: 1, testResults: [passing, failing] }, 1, "2 1"],
    [
      "a file that failed as a whole",
      { numPassedTests: 2, numFailedTests: 1, testResults: [passing, failing, broken] },
      1,
      "2 2",
    ],
    ["a bad end without a failed test", { numPassedTests: 1, numFailedTests: 0, testResults: [passing] }, 1, "1 1"],
    ["no test at all", { numPassedTests: 0, numFailedTests: 0, testResults: [] }, 0, "0 1"],
  ])("tell %s", (_name, report, exitCode, counts) => {
    const file = join(directory, "report.json");
    writeFileSync(file, JSON.stringify(report));
    expect(count(file, exitCode)).toBe(counts);
  });

  it("count a run that wrote no report as one failure", () => {
    expect(count(join(directory, "missing.json"), 1)).toBe("0 1");
  });
});

function count(file: string, exitCode: number): string {
  return execFileSync(process.execPath, [script, file, `${exitCode}`], { encoding: "utf8" }).trim();
}
