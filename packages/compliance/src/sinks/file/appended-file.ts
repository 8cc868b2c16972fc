import { constants } from "node:fs";
import { type FileHandle, lstat, open } from "node:fs/promises";
import { dirname } from "node:path";
import { codeOf } from "../failure.ts";

/**
 * Where the system has `O_DSYNC`, a write returns when its bytes are on the disk, as if `fdatasync` followed: one way to the thread pool and
 * back instead of two. On macOS it leaves them in the cache of the disk.
 */
const SYNCED = process.platform === "linux" ? constants.O_DSYNC : 0;
/** Not through a symbolic link, and without waiting for the reader of a pipe. */
const FLAGS =
  constants.O_RDWR |
  constants.O_CREAT |
  constants.O_APPEND |
  (constants.O_NOFOLLOW ?? 0) |
  (constants.O_NONBLOCK ?? 0) |
  SYNCED;
/** Bytes after the last line break that a crash may have left: more is no record of ours. */
const TORN_BYTES_MAX = 4_194_304;
const CHUNK_BYTES = 65_536;
const LINE_BREAK = 0x0a;

/** By what the system knows a file, whatever its name. */
interface FileIdentity {
  readonly ino: number;
  readonly dev: number;
}

interface Opened {
  readonly bornMs: number;
  readonly openedBytes: number;
  readonly identity: FileIdentity;
}

/** A file of lines that only grows. */
export class AppendedFile {
  readonly #handle: FileHandle;
  readonly #identity: FileIdentity;
  /** When it was begun, in milliseconds since the epoch. */
  readonly bornMs: number;
  /** Bytes in it when it was opened. */
  readonly openedBytes: number;

  private constructor(handle: FileHandle, { bornMs, openedBytes, identity }: Opened) {
    this.#handle = handle;
    this.#identity = identity;
    this.bornMs = bornMs;
    this.openedBytes = openedBytes;
  }

  /**
   * Opens a file, or makes it with `mode`. What a crash has left after its last line break is cut off: it was never confirmed. Rejects
   * with the error of the system, or with what it is when it is no regular file.
   */
  static async open(path: string, mode: number, nowMs: number): Promise<AppendedFile> {
    const handle = await openUnlinked(path, mode);
    try {
      const stats = await handle.stat();
      if (!stats.isFile()) throw new Error("it is no regular file");
      if (stats.size === 0) {
        await syncFolder(dirname(path));
        return new AppendedFile(handle, { bornMs: nowMs, openedBytes: 0, identity: stats });
      }
      const bytes = await cutTornLine(handle, stats.size);
      // Not every file system keeps when a file was made.
      const bornMs = stats.birthtimeMs || stats.mtimeMs;
      return new AppendedFile(handle, { bornMs, openedBytes: bytes, identity: stats });
    } catch (error) {
      await handle.close();
      throw error;
    }
  }

  /** Bytes in it at this moment; `undefined` where the path does not name it any more: it may have been removed or renamed. */
  async sizeAt(path: string): Promise<number | undefined> {
    try {
      const { ino, dev, size } = await lstat(path);
      return ino === this.#identity.ino && dev === this.#identity.dev ? size : undefined;
    } catch (error) {
      if (codeOf(error) === "ENOENT") return undefined;
      throw error;
    }
  }

  /**
   * Appends whole lines to a file of `size` bytes, and has them on the disk. Where that fails, what was written of them is cut off again,
   * and it rejects.
   */
  async append(lines: Uint8Array, size: number): Promise<void> {
    try {
      await this.#handle.writeFile(lines);
      if (SYNCED === 0) await this.#handle.datasync();
    } catch (error) {
      // Should this fail too, a torn line is cut when the file is opened again.
      await this.#handle.truncate(size).catch(() => undefined);
      throw error;
    }
  }

  async close(): Promise<void> {
    await this.#handle.close();
  }
}

/** Has the names of the files in a folder on the disk: a file whose name is not is gone after a power failure. */
export async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function openUnlinked(path: string, mode: number): Promise<FileHandle> {
  try {
    return await open(path, FLAGS, mode);
  } catch (error) {
    if (codeOf(error) !== "ELOOP") throw error;
    throw new Error("it is a symbolic link, and records are not written through one; name the file itself", {
      cause: error,
    });
  }
}

/** Returns the bytes that are left. */
async function cutTornLine(handle: FileHandle, size: number): Promise<number> {
  let end = size;
  while (end > 0) {
    if (size - end > TORN_BYTES_MAX) throw new Error("it does not end with a line, so it is no file of records");
    const begin = Math.max(0, end - CHUNK_BYTES);
    const { buffer } = await handle.read(Buffer.allocUnsafe(end - begin), 0, end - begin, begin);
    const at = buffer.lastIndexOf(LINE_BREAK);
    if (at >= 0) {
      end = begin + at + 1;
      break;
    }
    end = begin;
  }
  if (end === size) return size;
  await handle.truncate(end);
  await handle.datasync();
  return end;
}
