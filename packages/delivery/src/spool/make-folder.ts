import { mkdir, stat } from "node:fs/promises";
import { dirname, resolve } from "node:path";

/**
 * Makes a folder and those above it that are missing, with this mode. Rejects with the error of the system, or with what is in the way. Not
 * by the recursive `mkdir` of Node.js: below `/proc` that never ends, because a folder there cannot be made though the one above is there.
 */
export async function makeFolder(folder: string, mode: number): Promise<void> {
  const missing: string[] = [];
  let there = resolve(folder);
  while (!(await isThere(there))) {
    missing.push(there);
    there = dirname(there);
  }
  for (const path of missing.toReversed()) {
    await mkdir(path, mode).catch(async (error: NodeJS.ErrnoException) => {
      // Somebody was quicker.
      if (error.code === "EEXIST" && (await isThere(path))) return;
      if (error.code !== "ENOENT") throw error;
      throw new Error(`no folder can be made in ${dirname(path)}; name one on a local disk`, { cause: error });
    });
  }
}

/** Whether there is a folder. Rejects when there is something else, for `/` at the latest. */
async function isThere(path: string): Promise<boolean> {
  try {
    if ((await stat(path)).isDirectory()) return true;
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT" && path !== dirname(path)) return false;
    throw error;
  }
  throw new Error(`${path} is no folder; name another`);
}
