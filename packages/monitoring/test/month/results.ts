import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Detected } from "./detect.ts";
import type { Fired } from "./run.ts";

/** What was found with the rules of one version. */
export interface VersionResults {
  /** What fired in the month of each fleet, by its name; the dead man's switch left out. */
  readonly months: Readonly<Record<string, readonly Fired[]>>;
  /** What told of each incident, by its name. */
  readonly incidents: Readonly<Record<string, readonly Detected[]>>;
}

/** What the script has found. */
export interface Results {
  readonly days: number;
  /** The version before alerts asked for a minimum of bad events. */
  readonly before: VersionResults & { readonly commit: string };
  readonly now: VersionResults;
}

export const RESULTS = join(import.meta.dirname, "results.json");

export function readResults(): Results {
  // The file is written by the script beside it, from values of this type.
  return JSON.parse(readFileSync(RESULTS, "utf8")) as Results;
}
