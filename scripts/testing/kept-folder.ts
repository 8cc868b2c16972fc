import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, statSync, utimesSync } from "node:fs";
import { join } from "node:path";

/** Folders that are kept: a test run that began before a change still starts what it has found. */
const KEPT = 4;

/**
 * A folder of a cache by what is in it: made when it is missing, under another name until it is whole, for two test runs may make it at the
 * same time, and either may be interrupted.
 * @throws what `make` throws, and keeps nothing then.
 */
export function keptFolder(cache: string, name: string, make: (folder: string) => void): string {
  const folder = join(cache, name);
  if (!existsSync(folder)) {
    const unfinished = `${folder}-${process.pid}`;
    mkdirSync(unfinished, { recursive: true });
    try {
      make(unfinished);
      if (!existsSync(folder)) renameSync(unfinished, folder);
    } finally {
      rmSync(unfinished, { recursive: true, force: true });
    }
  }
  const now = new Date();
  utimesSync(folder, now, now);
  forgetOldest(cache);
  return folder;
}

function forgetOldest(cache: string): void {
  const byAge = readdirSync(cache)
    .map((name) => ({ path: join(cache, name), usedMs: statSync(join(cache, name)).mtimeMs }))
    .sort((one, other) => other.usedMs - one.usedMs);
  for (const { path } of byAge.slice(KEPT)) rmSync(path, { recursive: true, force: true });
}
