import { randomBytes } from "node:crypto";
import {
  closeSync,
  constants,
  fstatSync,
  fsyncSync,
  openSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { dirname } from "node:path";
import { setTimeout } from "node:timers/promises";
import { z } from "zod";
import { distrustOf, fileProblem } from "./trusted-path.ts";

const time = z.iso.datetime({ offset: true });
const storedKey = z.strictObject({
  id: z.string().regex(/^[0-9a-z]{12}$/),
  name: z.string().min(1).max(63),
  hash: z.string().regex(/^sha256:[0-9a-f]{64}$/),
  roles: z.array(z.string().max(63)).max(100),
  created_at: time,
  expires_at: time.nullable(),
  revoked_at: time.nullable(),
  last_used_at: time.nullable(),
});
/** One key as the file keeps it: everything but the key itself. */
export type StoredKey = z.infer<typeof storedKey>;

/** Keys a file may have: each is looked at when the file is read. */
const KEYS_MAX = 10_000;
const content = z.strictObject({ version: z.literal(1), keys: z.array(storedKey).max(KEYS_MAX) });

/** Ten thousand keys take less than half of it. */
const FILE_BYTES_MAX = 8 * 1024 * 1024;
/** How long somebody else may hold the lock, in ms; writing takes a few. */
const LOCK_WAIT_MS = 5_000;
/** A lock that is older belongs to a process that died with it, in ms. */
const LOCK_STALE_MS = 30_000;
const LOCK_LOOK_MS = 20;

/** What the file is now, to notice that it changed. */
export interface FileVersion {
  readonly ino: number;
  readonly mtimeMs: number;
  readonly size: number;
}

/** The file of API keys. Processes that write it take turns, and whoever reads it finds a whole file. */
export class KeyFile {
  readonly path: string;

  constructor(path: string) {
    this.path = path;
  }

  /** The file as it is now, for comparisons; `undefined` when it is not there. */
  version(): FileVersion | undefined {
    const stat = statSync(this.path, { throwIfNoEntry: false });
    return stat && { ino: stat.ino, mtimeMs: stat.mtimeMs, size: stat.size };
  }

  /** @throws Error that says what is wrong with the file and what to do. */
  read(): readonly StoredKey[] {
    return parse(this.path, this.#text());
  }

  /**
   * Replaces the keys by what `change` makes of them. Rejects when `change` throws or the file cannot be written;
   * nothing has changed then. With `create`, a file that does not exist is an empty one.
   */
  async update(
    change: (keys: readonly StoredKey[]) => readonly StoredKey[],
    options: { readonly create?: boolean } = {},
  ): Promise<readonly StoredKey[]> {
    const unlock = await this.#lock();
    try {
      const isNew = options.create === true && this.version() === undefined;
      const problem = isNew ? distrustOf(this.path) : undefined;
      if (problem !== undefined) throw new Error(`cannot keep API keys in ${this.path}: ${problem}`);
      const keys = change(isNew ? [] : this.read());
      this.#write(keys);
      return keys;
    } finally {
      unlock();
    }
  }

  #text(): string {
    let descriptor: number | undefined;
    try {
      // Opening a pipe would wait for whoever writes into it.
      descriptor = openSync(this.path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
      const stat = fstatSync(descriptor);
      if (!stat.isFile()) throw new Error("it is no file");
      if (stat.size > FILE_BYTES_MAX) throw new Error(`it is larger than ${FILE_BYTES_MAX} bytes`);
      // Written by somebody else than its owner, or put there by somebody else, it would let anybody in.
      const problem = fileProblem(this.path, stat) ?? distrustOf(this.path);
      if (problem !== undefined) throw new Error(problem);
      return readFileSync(descriptor, "utf8");
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException;
      const reason = code === "ENOENT" ? "it does not exist; mcp-hangar keys create makes it" : message;
      throw new Error(`cannot read the API keys of ${this.path}: ${reason}`, { cause: error });
    } finally {
      if (descriptor !== undefined) closeSync(descriptor);
    }
  }

  /** In one step: a reader, or a power failure, finds the old file or the new one. */
  #write(keys: readonly StoredKey[]): void {
    const target = this.version() === undefined ? this.path : realpathSync(this.path);
    // Nobody can have put a link there, to have something else overwritten.
    const temporary = `${target}.${randomBytes(6).toString("hex")}.tmp`;
    try {
      const descriptor = openSync(temporary, "wx", 0o600);
      try {
        writeFileSync(descriptor, `${JSON.stringify({ version: 1, keys }, undefined, 2)}\n`);
        fsyncSync(descriptor);
      } finally {
        closeSync(descriptor);
      }
      renameSync(temporary, target);
    } catch (cause) {
      // On a full disk what was written of it would take the room that the next attempt needs.
      remove(temporary);
      const { code, message } = cause as NodeJS.ErrnoException;
      // Without the random name: what fails again is the same problem.
      throw new Error(`cannot write ${this.path}: ${code ?? message}`, { cause });
    }
    syncFolder(dirname(target));
  }

  async #lock(): Promise<() => void> {
    const lock = `${this.path}.lock`;
    for (let waitedMs = 0; ; waitedMs += LOCK_LOOK_MS) {
      try {
        closeSync(openSync(lock, "wx", 0o600));
        return () => rmSync(lock, { force: true });
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== "EEXIST") {
          throw new Error(`cannot write next to ${this.path}: ${(error as Error).message}`, { cause: error });
        }
      }
      const takenMs = statSync(lock, { throwIfNoEntry: false })?.mtimeMs;
      if (takenMs !== undefined && Date.now() - takenMs > LOCK_STALE_MS) rmSync(lock, { force: true });
      if (waitedMs >= LOCK_WAIT_MS) {
        throw new Error(
          `${lock} has been there for ${LOCK_WAIT_MS / 1_000} s: another process writes the keys; try again`,
        );
      }
      await setTimeout(LOCK_LOOK_MS);
    }
  }
}

function remove(path: string): void {
  try {
    rmSync(path, { force: true });
  } catch {
    // It was never made.
  }
}

/** A file whose new name is not on the disk yet is the old one after a power failure; some file systems cannot do this. */
function syncFolder(folder: string): void {
  let descriptor: number | undefined;
  try {
    descriptor = openSync(folder, "r");
    fsyncSync(descriptor);
  } catch {
    // The file itself is written, and a process that reads it finds the new one.
  } finally {
    if (descriptor !== undefined) closeSync(descriptor);
  }
}

function parse(path: string, text: string): readonly StoredKey[] {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new Error(`${path} is no file of API keys: it is not JSON; restore it from a backup`, { cause });
  }
  const parsed = content.safeParse(value);
  if (parsed.success) return parsed.data.keys;
  const [issue] = parsed.error.issues;
  const where = issue === undefined ? "" : `${issue.path.map(String).join(".")}: ${issue.message}`;
  throw new Error(`${path} is no file of API keys (${where}); restore it from a backup`);
}
