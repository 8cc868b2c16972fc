import { execFileSync } from "node:child_process";
import { expect, it } from "vitest";

const MODULE = new URL("../src/young-generation.ts", import.meta.url).href;
const MIB = 1024 * 1024;

/** Keeps in each part what the next one does not need; returns how large the young generation became, in bytes. */
function largestYoungGeneration(begin: string, inOneTurn: boolean, ...nodeArgs: readonly string[]): number {
  const program = `
import { getHeapSpaceStatistics } from "node:v8";
import { boundYoungGeneration } from ${JSON.stringify(MODULE)};
const youngGeneration = boundYoungGeneration();
${begin}
let largest = 0;
let kept;
for (let part = 0; part < 200; part++) {
  kept = Array.from({ length: 20_000 }, (_, index) => ({ index, text: String(index), list: [part] }));
  ${inOneTurn ? "youngGeneration.look();" : "await new Promise(setImmediate);"}
  const space = getHeapSpaceStatistics().find(({ space_name }) => space_name === "new_space");
  largest = Math.max(largest, space.space_size);
}
process.stdout.write(String(largest));
`;
  const args = [...nodeArgs, "--disable-warning=ExperimentalWarning", "--input-type=module", "--eval", program];
  return Number(execFileSync(process.execPath, args, { encoding: "utf8" }));
}

// One step may come before it is seen.
it.each([
  { name: "during the start", begin: "", inOneTurn: false, maxBytes: 16 * MIB },
  { name: "in a long turn of the start", begin: "", inOneTurn: true, maxBytes: 16 * MIB },
  { name: "after the start", begin: "youngGeneration.started();", inOneTurn: false, maxBytes: 32 * MIB },
])("the young generation does not grow beyond its bound $name", ({ begin, inOneTurn, maxBytes }) => {
  expect(largestYoungGeneration(begin, inOneTurn)).toBeLessThanOrEqual(maxBytes);
});

it("who has set a size for themselves keeps it", () => {
  expect(largestYoungGeneration("", false, "--max-semi-space-size=32")).toBeGreaterThan(32 * MIB);
});
