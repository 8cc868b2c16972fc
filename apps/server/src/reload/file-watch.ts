import { stat } from "node:fs/promises";
import type { CancelTimer, Clock } from "@mcp-hangar/core";
import type { ConfigReloadOptions } from "../config/schema.ts";

/** Looks a settling time: a change is noticed early enough to be seen twice before it counts. */
const LOOKS = 2;
/** The longest time between two looks, in ms, however long a file has to settle. */
const LOOK_EVERY_MS_MAX = 5_000;

export interface FileWatchOptions {
  readonly clock: Clock;
  /** What tells one state of the file from another: {@link fileState} but in tests. Never rejects. */
  readonly look: () => Promise<string>;
  /** Told of each state that lasted for the settling time; of the first one too, because nobody knows what was before. */
  readonly onChange: () => void;
}

/**
 * Notices that a file is another than before by looking at it again and again. That costs a system call now and then, and
 * works where notifications do not: with symbolic links at any place of the path (Kubernetes swaps one of them), with
 * editors that put a new file in the place of the old one, with a file that is gone for a while, and over network mounts.
 */
export class FileWatch {
  readonly #options: FileWatchOptions;
  #settleMs: number | undefined;
  #cancel: CancelTimer | undefined;
  #looking = false;
  #seen: { readonly state: string; readonly sinceMs: number } | undefined;
  #told: string | undefined;

  constructor(options: FileWatchOptions) {
    this.#options = options;
  }

  /** Begins, or goes on with another settling time in milliseconds; `undefined` stops, and no look is acted upon. */
  watch(settleMs: number | undefined): void {
    this.#settleMs = settleMs;
    this.#cancel?.();
    if (!this.#looking) this.#schedule();
  }

  #schedule(): void {
    if (this.#settleMs === undefined) return;
    const everyMs = Math.min(this.#settleMs / LOOKS, LOOK_EVERY_MS_MAX);
    this.#cancel = this.#options.clock.schedule(everyMs, () => void this.#look());
  }

  async #look(): Promise<void> {
    this.#looking = true;
    const state = await this.#options.look();
    this.#looking = false;
    this.#judge(state);
    this.#schedule();
  }

  #judge(state: string): void {
    const nowMs = this.#options.clock.nowMs();
    if (this.#settleMs === undefined) return;
    if (this.#seen?.state !== state) this.#seen = { state, sinceMs: nowMs };
    if (this.#told === state || nowMs - this.#seen.sinceMs < this.#settleMs) return;
    this.#told = state;
    this.#options.onChange();
  }
}

/** For how long a changed file has to settle, in ms; `undefined` when it is not watched. */
export function settlingMs({ enabled, watch, debounce_s: seconds }: ConfigReloadOptions): number | undefined {
  return enabled && watch ? seconds * 1_000 : undefined;
}

/** The states of several files, as {@link fileState} tells them. */
export async function fileStates(files: readonly string[]): Promise<string> {
  return (await Promise.all(files.map(fileState))).join("\n");
}

/** The state of a file behind all symbolic links, or why there is none. Cheap: nothing is read. */
export async function fileState(file: string): Promise<string> {
  try {
    const { dev, ino, size, mtimeNs, ctimeNs } = await stat(file, { bigint: true });
    return [dev, ino, size, mtimeNs, ctimeNs].join(":");
  } catch (error) {
    return `none: ${(error as NodeJS.ErrnoException).code}`;
  }
}
