import { readFileSync, writeFileSync } from "node:fs";
import { relative } from "node:path";
import { root } from "../toolchain/pins.mjs";

const FILE = new URL("durations.json", import.meta.url);

/** What a test file takes of which nothing was recorded, in seconds. */
const UNKNOWN_SECONDS = 1;

/** Files that take less are not recorded: they change neither the order nor the estimate. */
const RECORDED_SECONDS = 1;

/** Seconds that each test file took when the durations were recorded, by its path from the root. */
const recorded: Readonly<Record<string, number>> = JSON.parse(readFileSync(FILE, "utf8"));

/** About how long a test file takes, in seconds. Good enough to start the longest first and to tell the time. */
export function expectedSeconds(moduleId: string): number {
  return recorded[relative(root, moduleId)] ?? UNKNOWN_SECONDS;
}

/** Writes down what each file took, so that a later run knows. */
export function recordDurations(seconds: ReadonlyMap<string, number>): void {
  const all = new Map(Object.entries(recorded));
  for (const [moduleId, taken] of seconds) all.set(relative(root, moduleId), Math.round(taken));
  const kept = [...all].filter(([, taken]) => taken >= RECORDED_SECONDS).sort(([a], [b]) => (a < b ? -1 : 1));
  writeFileSync(FILE, `${JSON.stringify(Object.fromEntries(kept), undefined, 2)}\n`);
}
