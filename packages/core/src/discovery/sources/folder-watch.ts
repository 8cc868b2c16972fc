import { type FSWatcher, watch } from "node:fs";
import { stat } from "node:fs/promises";

/** Watches a folder for hints. What it misses, the next cycle finds: no network file system tells of every change. */
export class FolderWatch {
  readonly #folder: string;
  readonly #onChange: () => void;
  #watcher: FSWatcher | undefined;
  #inode: number | undefined;
  #closed = false;

  constructor(folder: string, onChange: () => void) {
    this.#folder = folder;
    this.#onChange = onChange;
  }

  /** Begins to watch; begins anew when the folder was removed and made again. Never rejects. */
  async renew(): Promise<void> {
    const inode = await stat(this.#folder).then(
      ({ ino }) => ino,
      () => undefined,
    );
    if (this.#closed || (inode === this.#inode && this.#watcher !== undefined)) return;
    this.#stop();
    if (inode === undefined) return;
    try {
      const watcher = watch(this.#folder, { persistent: false }, () => this.#onChange());
      watcher.on("error", () => this.#stop());
      this.#watcher = watcher;
      this.#inode = inode;
    } catch {
      // Without a watch (all of the system's may be taken) the interval remains.
    }
  }

  close(): void {
    this.#closed = true;
    this.#stop();
  }

  #stop(): void {
    this.#watcher?.close();
    this.#watcher = undefined;
    this.#inode = undefined;
  }
}
