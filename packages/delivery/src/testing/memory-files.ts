import { basename, dirname, join } from "node:path";
import type { OpenSegment, SpoolFiles } from "../spool/files.ts";

interface MemoryFile {
  /** What survives the end of the machine. */
  synced: Buffer;
  /** What was written since. */
  unsynced: Buffer;
}

/**
 * A file system of a spool in memory, for tests: it can be full, can hang as that of a machine that is gone, and forgets at a crash
 * what was not synced, or only a part of it.
 */
export class MemoryFiles implements SpoolFiles {
  readonly #files = new Map<string, MemoryFile>();
  /** Each operation that writes fails while it is true, in the middle of what it writes. */
  isFull = false;
  /** Everything that changes a file fails while it is true. */
  isReadOnly = false;
  /** Waited for before each operation, so that others come between. */
  pace: (() => Promise<void>) | undefined;
  /** Waited for after each read, before its bytes are handed over. */
  afterRead: (() => Promise<void>) | undefined;
  #isGone = false;

  /**
   * The files as the next process finds them. This one hangs from now on, as a process that was killed. `keep` says what part of the
   * bytes that were written and not synced has reached the disk: from 0 to 1.
   */
  crash(keep: () => number): MemoryFiles {
    this.#isGone = true;
    const next = new MemoryFiles();
    for (const [path, { synced, unsynced }] of this.#files) {
      const kept = unsynced.subarray(0, Math.floor(keep() * (unsynced.length + 1)));
      next.#files.set(path, { synced: Buffer.concat([synced, kept]), unsynced: Buffer.alloc(0) });
    }
    return next;
  }

  /** All bytes of the files whose names end so. */
  contents(end: string): Buffer {
    const found = [...this.#files].filter(([path]) => path.endsWith(end));
    return Buffer.concat(found.flatMap(([, { synced, unsynced }]) => [synced, unsynced]));
  }

  /** Paths that end so. */
  names(end: string): readonly string[] {
    return [...this.#files.keys()].filter((path) => path.endsWith(end));
  }

  async makeFolder(): Promise<void> {
    await this.#turn();
  }

  async list(folder: string) {
    await this.#turn();
    const inside = [...this.#files].filter(([path]) => dirname(path) === folder);
    return inside.map(([path, { synced, unsynced }]) => ({
      name: basename(path),
      bytes: synced.length + unsynced.length,
    }));
  }

  async create(path: string): Promise<OpenSegment> {
    await this.#turnToWrite();
    const file: MemoryFile = { synced: Buffer.alloc(0), unsynced: Buffer.alloc(0) };
    this.#files.set(path, file);
    return {
      append: async (bytes) => {
        await this.#turnToChange();
        // Asked once: room that comes while it fails does not make half a write a whole one.
        const { isFull } = this;
        file.unsynced = Buffer.concat([file.unsynced, isFull ? bytes.subarray(0, bytes.length / 2) : bytes]);
        await this.#turn();
        if (isFull) throw noSpace();
      },
      sync: async () => {
        await this.#turnToWrite();
        file.synced = Buffer.concat([file.synced, file.unsynced]);
        file.unsynced = Buffer.alloc(0);
      },
      close: () => this.#turn(),
    };
  }

  async read(path: string, offset: number, bytes: number): Promise<Buffer> {
    await this.#turn();
    const { synced, unsynced } = this.#file(path);
    const found = Buffer.from(Buffer.concat([synced, unsynced]).subarray(offset, offset + bytes));
    await this.afterRead?.();
    return found;
  }

  async readText(path: string): Promise<string | undefined> {
    await this.#turn();
    return this.#files.get(path)?.synced.toString();
  }

  async replaceText(path: string, text: string): Promise<void> {
    await this.#turnToWrite();
    this.#files.set(path, { synced: Buffer.from(text), unsynced: Buffer.alloc(0) });
  }

  /** A full disk has room for what a file has already. */
  async overwriteText(path: string, text: string): Promise<void> {
    await this.#turnToChange();
    this.#file(path).synced = Buffer.from(text);
  }

  async truncate(path: string, bytes: number): Promise<void> {
    await this.#turnToChange();
    const file = this.#file(path);
    file.synced = Buffer.concat([file.synced, file.unsynced]).subarray(0, bytes);
    file.unsynced = Buffer.alloc(0);
  }

  async remove(path: string): Promise<void> {
    await this.#turnToChange();
    this.#files.delete(path);
  }

  /** Changes a byte of a file, as a bad disk does. */
  damage(folder: string, name: string, offset: number): void {
    const { synced } = this.#file(join(folder, name));
    synced.writeUInt8(synced.readUInt8(offset) ^ 0xff, offset);
  }

  #file(path: string): MemoryFile {
    const file = this.#files.get(path);
    if (file === undefined) throw Object.assign(new Error(`${path} does not exist`), { code: "ENOENT" });
    return file;
  }

  async #turn(): Promise<void> {
    await this.pace?.();
    if (this.#isGone) await new Promise(() => {});
  }

  async #turnToChange(): Promise<void> {
    await this.#turn();
    if (this.isReadOnly) throw Object.assign(new Error("read-only file system"), { code: "EROFS" });
  }

  async #turnToWrite(): Promise<void> {
    await this.#turnToChange();
    if (this.isFull) throw noSpace();
  }
}

function noSpace(): Error {
  return Object.assign(new Error("no space left on device"), { code: "ENOSPC" });
}
