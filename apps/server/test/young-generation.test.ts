import { execFileSync } from "node:child_process";
import { expect, it } from "vitest";

const MODULE = new URL("../src/young-generation.ts", import.meta.url).href;
const MIB = 1024 * 1024;

/** Bytes of the young generation after each part of the work. */
interface Sizes {
  readonly median: number;
  readonly largest: number;
}

/** Keeps in each part what the next one does not need. */
function sizesOfYoungGeneration(begin: string, inOneTurn: boolean, ...nodeArgs: readonly string[]): Sizes {
  const program = `
import { getHeapSpaceStatistics } from "node:v8";
import { boundYoungGeneration } from ${JSON.stringify(MODULE)};
const youngGeneration = boundYoungGeneration();
${begin}
const sizes = [];
let kept;
for (let part = 0; part < 200; part++) {
  kept = Array.from({ length: 20_000 }, (_, index) => ({ index, text: String(index), list: [part] }));
  ${inOneTurn ? "youngGeneration.look();" : "await new Promise(setImmediate);"}
  const space = getHeapSpaceStatistics().find(({ space_name }) => space_name === "new_space");
  sizes.push(space.space_size);
}
sizes.sort((a, b) => a - b);
process.stdout.write(JSON.stringify({ median: sizes[sizes.length / 2], largest: sizes.at(-1) }));
`;
  const args = [...nodeArgs, "--disable-warning=ExperimentalWarning", "--input-type=module", "--eval", program];
  return JSON.parse(execFileSync(process.execPath, args, { encoding: "utf8" })) as Sizes;
}

it.each([
  { name: "during the start", begin: "", inOneTurn: false, bytesMax: 8 * MIB },
  { name: "in a long turn of the start", begin: "", inOneTurn: true, bytesMax: 8 * MIB },
  { name: "after the start", begin: "youngGeneration.started();", inOneTurn: false, bytesMax: 16 * MIB },
])("the young generation does not grow beyond its bound $name", ({ begin, inOneTurn, bytesMax }) => {
  const { median, largest } = sizesOfYoungGeneration(begin, inOneTurn);
  // One step may come before it is seen.
  expect(median).toBeLessThanOrEqual(2 * bytesMax);
  // V8 lends a page to what finds no room in a collection, and takes it back with one of the next.
  expect(largest).toBeLessThanOrEqual(3 * bytesMax);
});

it("who has set a size for themselves keeps it", () => {
  expect(sizesOfYoungGeneration("", false, "--max-semi-space-size=32").median).toBeGreaterThan(32 * MIB);
});
