import { readdirSync } from "node:fs";
import { join } from "node:path";

/** Paths of all files in a folder and below, in their order. */
export function filesBelow(folder: string): readonly string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => join(parentPath, name))
    .sort();
}
