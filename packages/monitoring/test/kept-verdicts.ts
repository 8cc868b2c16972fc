import { createHash } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";

/** Where verdicts stay between runs: in the user's cache, so that clones share them. What is removed there is played again. */
const KEPT_VERDICTS = join(process.env.XDG_CACHE_HOME || join(homedir(), ".cache"), "mcp-hangar/promtool");

/** Files, of one kilobyte at most as a rule. All rules and their mutants together are about half of it. */
const VERDICTS_MAX = 20_000;

/**
 * What promtool said about files that have not changed since, one file a verdict, by a key that stands for everything the
 * verdict depends on. Whatever cannot be read or is damaged counts as missing, and whatever cannot be written is not kept:
 * either costs time, and neither changes a result.
 */
export class KeptVerdicts {
  readonly #folder: string;
  readonly #max: number;

  constructor(folder: string = KEPT_VERDICTS, max: number = VERDICTS_MAX) {
    this.#folder = folder;
    this.#max = max;
  }

  read(key: string): string | undefined {
    let content: string;
    try {
      content = readFileSync(join(this.#folder, key), "utf8");
    } catch {
      return undefined;
    }
    const said = content.slice(content.indexOf("\n") + 1);
    return content === entry(key, said) ? said : undefined;
  }

  /** When there are too many all go, old and new: what the tests still need comes back with their next run. */
  keep(verdicts: ReadonlyMap<string, string>): void {
    try {
      mkdirSync(this.#folder, { recursive: true });
      if (readdirSync(this.#folder).length + verdicts.size > this.#max) {
        rmSync(this.#folder, { recursive: true });
        mkdirSync(this.#folder);
      }
      for (const [key, said] of verdicts) {
        // Another process may read at the same time, and it shall see all of it or nothing.
        const unfinished = join(this.#folder, `${key}.${process.pid}`);
        writeFileSync(unfinished, entry(key, said));
        renameSync(unfinished, join(this.#folder, key));
      }
    } catch {
      // They are played again the next time.
    }
  }
}

/** The verdict with a digest before it, which is that of no other key. */
function entry(key: string, said: string): string {
  return `${createHash("sha256").update(`${key}\n${said}`).digest("hex")}\n${said}`;
}
