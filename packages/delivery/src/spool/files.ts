import { constants } from "node:fs";
import { type FileHandle, open, readdir, readFile, rename, rm, stat, truncate } from "node:fs/promises";
import { dirname, join } from "node:path";
import { makeFolder } from "./make-folder.ts";

/** A segment that is being written. */
export interface OpenSegment {
  /** Appends bytes. */
  append(bytes: Uint8Array): Promise<void>;
  /** Resolves when everything that was appended is on the disk. */
  sync(): Promise<void>;
  close(): Promise<void>;
}

/** What a spool needs from a file system. Everything rejects with the error of the system. */
export interface SpoolFiles {
  makeFolder(folder: string): Promise<void>;
  /** Names and sizes in bytes of the files in a folder. */
  list(folder: string): Promise<readonly { readonly name: string; readonly bytes: number }[]>;
  /** Makes an empty file, in the place of one of the same name, whose name is on the disk when the promise resolves. */
  create(path: string): Promise<OpenSegment>;
  /** Reads at most `bytes` from an offset; fewer where the file ends. */
  read(path: string, offset: number, bytes: number): Promise<Buffer>;
  /** The text of a small file; `undefined` where there is none. */
  readText(path: string): Promise<string | undefined>;
  /** Writes a small file in one step: after a crash there is the old text or the new one. */
  replaceText(path: string, text: string): Promise<void>;
  /** Writes a small file that exists in its place, for a disk that has no room for a new one: a crash may leave it torn. */
  overwriteText(path: string, text: string): Promise<void>;
  truncate(path: string, bytes: number): Promise<void>;
  /** Removes a file, if there is one. */
  remove(path: string): Promise<void>;
}

/**
 * Where the system has `O_DSYNC`, a write returns when its bytes are on the disk, as if `fdatasync` followed: one way to the thread pool and
 * back instead of two, for every group of records. On macOS it leaves them in the cache of the disk.
 */
const SYNCED = process.platform === "linux" ? constants.O_DSYNC : 0;
const SEGMENT_FLAGS = constants.O_WRONLY | constants.O_CREAT | constants.O_TRUNC | SYNCED;

/** Files are for their owner only: records say who did what. */
const FILE_MODE = 0o600;
const FOLDER_MODE = 0o700;

/** The file system of the machine. */
export const nodeFiles: SpoolFiles = {
  async makeFolder(folder) {
    await makeFolder(folder, FOLDER_MODE);
  },
  async list(folder) {
    const names = await readdir(folder);
    const sizes = await Promise.all(names.map((name) => sizeOf(join(folder, name))));
    return names.flatMap((name, index) => {
      const bytes = sizes[index];
      return bytes === undefined ? [] : [{ name, bytes }];
    });
  },
  async create(path) {
    const handle = await open(path, SEGMENT_FLAGS, FILE_MODE);
    try {
      await syncFolder(dirname(path));
    } catch (error) {
      await handle.close();
      throw error;
    }
    return openSegment(handle);
  },
  async read(path, offset, bytes) {
    const handle = await open(path, "r");
    try {
      const buffer = Buffer.allocUnsafe(bytes);
      let filled = 0;
      while (filled < bytes) {
        const { bytesRead } = await handle.read(buffer, filled, bytes - filled, offset + filled);
        if (bytesRead === 0) break;
        filled += bytesRead;
      }
      return buffer.subarray(0, filled);
    } finally {
      await handle.close();
    }
  },
  async readText(path) {
    try {
      return await readFile(path, "utf8");
    } catch (error) {
      if (codeOf(error) === "ENOENT") return undefined;
      throw error;
    }
  },
  async replaceText(path, text) {
    const temporary = `${path}.new`;
    const handle = await open(temporary, "w", FILE_MODE);
    try {
      await handle.writeFile(text);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(temporary, path);
    await syncFolder(dirname(path));
  },
  async overwriteText(path, text) {
    const handle = await open(path, "r+");
    try {
      await handle.write(text, 0);
      await handle.truncate(Buffer.byteLength(text));
      await handle.sync();
    } finally {
      await handle.close();
    }
  },
  truncate: (path, bytes) => truncate(path, bytes),
  remove: (path) => rm(path, { force: true }),
};

/** The code of an error of the system, such as `ENOENT`. */
export function codeOf(error: unknown): string | undefined {
  return error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : undefined;
}

/** What is wrong, for people. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function openSegment(handle: FileHandle): OpenSegment {
  return {
    async append(bytes) {
      for (let written = 0; written < bytes.length; ) {
        const { bytesWritten } = await handle.write(bytes, written);
        // A system may write a part only.
        written += bytesWritten;
      }
    },
    sync: () => (SYNCED === 0 ? handle.datasync() : Promise.resolve()),
    close: () => handle.close(),
  };
}

/** `undefined` for a file that is gone by now, such as that of another process that tries to take the lock. */
async function sizeOf(path: string): Promise<number | undefined> {
  try {
    return (await stat(path)).size;
  } catch (error) {
    if (codeOf(error) === "ENOENT") return undefined;
    throw error;
  }
}

/** A file whose name is not on the disk is gone after a power failure. */
async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
