/**
 * Reads a Vitest JSON report and prints "passed failed". Runs on a bare Node.js 20.
 *
 * A run that ended badly without a failed test (a file that cannot be loaded, an unhandled rejection, no report at all)
 * counts as one failure, and so does a run without any test: no tests are no proof.
 */
import { existsSync, readFileSync } from "node:fs";

const [file = "", exitCode = ""] = process.argv.slice(2);
/** @type {{ numPassedTests: number, numFailedTests: number }} */
const report = existsSync(file) ? JSON.parse(readFileSync(file, "utf8")) : { numPassedTests: 0, numFailedTests: 0 };
const { numPassedTests: passed, numFailedTests: failed } = report;
const endedBadly = exitCode !== "0" || passed === 0;
process.stdout.write(`${passed} ${endedBadly ? Math.max(1, failed) : failed}\n`);
