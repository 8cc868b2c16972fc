import { execFileSync } from "node:child_process";
import { expect, it } from "vitest";

const MODULE = new URL("../src/young-generation.ts", import.meta.url).href;
const MIB = 1024 * 1024;

/** Keeps for a turn what the next one does not need, and writes how large the young generation became. */
const PROGRAM = `
import { getHeapSpaceStatistics } from "node:v8";
import { boundYoungGeneration } from ${JSON.stringify(MODULE)};
boundYoungGeneration();
let largest = 0;
let kept;
for (let turn = 0; turn < 200; turn++) {
  kept = Array.from({ length: 20_000 }, (_, index) => ({ index, text: String(index), list: [turn] }));
  await new Promise(setImmediate);
  const space = getHeapSpaceStatistics().find(({ space_name }) => space_name === "new_space");
  largest = Math.max(largest, space.space_size);
}
process.stdout.write(String(largest));
`;

function largestYoungGeneration(...nodeArgs: readonly string[]): number {
  const args = [...nodeArgs, "--disable-warning=ExperimentalWarning", "--input-type=module", "--eval", PROGRAM];
  return Number(execFileSync(process.execPath, args, { encoding: "utf8" }));
}

it("the young generation does not grow beyond its bound, but for one step that may come before it is seen", () => {
  expect(largestYoungGeneration()).toBeLessThanOrEqual(16 * MIB);
});

it("who has set a size for themselves keeps it", () => {
  expect(largestYoungGeneration("--max-semi-space-size=16")).toBeGreaterThan(16 * MIB);
});

it("what looks for itself in a long turn does not let it grow for as long as that lasts", () => {
  const program = `
import { getHeapSpaceStatistics } from "node:v8";
import { boundYoungGeneration } from ${JSON.stringify(MODULE)};
const look = boundYoungGeneration();
let kept;
for (let part = 0; part < 200; part++) {
  kept = Array.from({ length: 20_000 }, (_, index) => ({ index, text: String(index), list: [part] }));
  look();
}
process.stdout.write(String(getHeapSpaceStatistics().find(({ space_name }) => space_name === "new_space").space_size));
`;
  const args = ["--disable-warning=ExperimentalWarning", "--input-type=module", "--eval", program];
  expect(Number(execFileSync(process.execPath, args, { encoding: "utf8" }))).toBeLessThanOrEqual(16 * MIB);
});
