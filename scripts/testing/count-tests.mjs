/**
 * Reads a Vitest JSON report and prints "passed failed". Runs on a bare Node.js 20.
 *
 * A file that failed without a failed test (it cannot be loaded, or its set-up threw) counts as one failure. So does a run
 * that ended badly for no such reason (an unhandled rejection, no report at all), and a run without tests: it proves nothing.
 */
import { existsSync, readFileSync } from "node:fs";

/**
 * @typedef {object} Report
 * @property {number} numPassedTests
 * @property {number} numFailedTests
 * @property {{ status: string, assertionResults: { status: string }[] }[]} testResults one a file
 */

const [file = "", exitCode = ""] = process.argv.slice(2);
/** @type {Report} */
const report = existsSync(file)
  ? JSON.parse(readFileSync(file, "utf8"))
  : { numPassedTests: 0, numFailedTests: 0, testResults: [] };
const brokenFiles = report.testResults.filter(
  ({ status, assertionResults }) => status === "failed" && assertionResults.every((test) => test.status !== "failed"),
).length;
const failed = report.numFailedTests + brokenFiles;
const endedBadly = exitCode !== "0" || report.numPassedTests === 0;
process.stdout.write(`${report.numPassedTests} ${endedBadly ? Math.max(1, failed) : failed}\n`);
