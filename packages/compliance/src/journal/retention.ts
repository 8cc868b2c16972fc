import type { CancelTimer } from "@mcp-hangar/delivery";
import type { Spool, SpoolFiles } from "@mcp-hangar/delivery/spool";
import type { ChainWriter } from "./chain-writer.ts";
import { timeOf } from "./lag.ts";
import type { JournalSettings } from "./options.ts";

interface RetentionParts {
  readonly settings: JournalSettings;
  readonly files: SpoolFiles;
  readonly spool: Spool;
  readonly chain: ChainWriter;
}

/** How often it is looked for what is old enough: records are removed by the file, and a file lasts for hours or days. */
const INTERVAL_MS = 3_600_000;

/** Removes the files whose records are old enough and have been read by every consumer, after the chain has said so. */
export class Retention {
  readonly #parts: RetentionParts;
  readonly #openedWallMs: number;
  readonly #openedMs: number;
  #cancel: CancelTimer | undefined;
  #isStopped = false;

  constructor(parts: RetentionParts) {
    this.#parts = parts;
    const { clock } = parts.settings;
    this.#openedWallMs = clock.wallMs();
    this.#openedMs = clock.nowMs();
  }

  /** Looks once soon, and then every hour. */
  start(): void {
    this.#schedule(0);
  }

  stop(): void {
    this.#isStopped = true;
    this.#cancel?.();
  }

  #schedule(delayMs: number): void {
    this.#cancel = this.#parts.settings.clock.schedule(delayMs, () => {
      // What the system does not let it read or remove stays for the next time.
      const done = this.#look().catch(() => {});
      void done.then(() => {
        if (!this.#isStopped) this.#schedule(INTERVAL_MS);
      });
    });
  }

  async #look(): Promise<void> {
    const { chain } = this.#parts;
    const before = await this.#oldEnough();
    if (before === undefined || this.#isStopped) return;
    chain.requestRemoval(before);
    await chain.write([]);
  }

  /** The number before which all records are old enough and were read; `undefined` when none are. */
  async #oldEnough(): Promise<number | undefined> {
    const { settings, files, spool } = this.#parts;
    const read = Math.min(...settings.consumers.map((name) => spool.cursor(name).durablePosition));
    let before: number | undefined;
    for (const { end } of spool.files.slice(0, -1)) {
      if (end > read) break;
      // A file is as old as the first record of the next one.
      const timeMs = await timeOf(end, settings.folder, files);
      if (timeMs === undefined || timeMs > this.#wallMs() - settings.retentionMs) break;
      before = end;
    }
    return before;
  }

  /** The time of day, and no later than it can be since the start: a clock that is set forward must not remove what is young. */
  #wallMs(): number {
    const { clock } = this.#parts.settings;
    return Math.min(clock.wallMs(), this.#openedWallMs + clock.nowMs() - this.#openedMs);
  }
}
