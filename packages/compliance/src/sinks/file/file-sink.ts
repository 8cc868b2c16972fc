import { dirname } from "node:path";
import type { Clock, SendOutcome } from "@mcp-hangar/delivery";
import { type FileLock, makeFolder, takeLock } from "@mcp-hangar/delivery/spool";
import type { AuditSink, SinkEntry } from "../../sink.ts";
import { CLOSED, ioFailed, reasonText } from "../failure.ts";
import { OneAtATime } from "../one-at-a-time.ts";
import { AppendedFile } from "./appended-file.ts";
import { type FileRetention, RotatedFiles } from "./rotated-files.ts";

/** When a file is given another name, and the next one begins. Without a member nothing is rotated because of it. */
export interface FileRotation {
  /** Bytes that a file does not exceed, unless one batch alone does. */
  readonly bytesMax?: number;
  /** Milliseconds since it was begun; it ends with the first record after them. */
  readonly ageMaxMs?: number;
}

export interface FileSinkOptions {
  readonly name: string;
  /** On a local disk. */
  readonly path: string;
  readonly rotation?: FileRotation;
  readonly retention?: FileRetention;
  /** Whether rotated files are compressed with gzip. */
  readonly compress?: boolean;
  /** Permissions of files that are made: 0600 without it. Compressed ones have 0600 always. */
  readonly mode?: number;
  /** Told why rotated files were not compressed or removed. Records are written all the same. */
  readonly onTrouble?: (message: string) => void;
  readonly clock: Clock;
}

interface OpenFile {
  readonly file: AppendedFile;
  /** Bytes in it. */
  readonly size: number;
}

/**
 * Appends records to a file, one a line: a batch is written and synced together, and `delivered` means that it is on the disk. A batch
 * that does not fit on the disk leaves nothing of itself. The file belongs to this process while it is open (`<path>.lock`).
 */
export class FileSink implements AuditSink {
  readonly name: string;
  readonly acknowledged = true;
  readonly gatherMs = 50;
  readonly #options: FileSinkOptions;
  readonly #madeMs: number;
  readonly #madeWallMs: number;
  readonly #rotated: RotatedFiles;
  readonly #writes = new OneAtATime();
  #lock: FileLock | undefined;
  #file: AppendedFile | undefined;
  /** When the file was opened, by the clock that nobody sets. */
  #openedMs = 0;
  #mustReopen = false;
  #tidying: Promise<void> = Promise.resolve();
  #isClosed = false;

  constructor(options: FileSinkOptions) {
    this.name = options.name;
    this.#options = options;
    this.#rotated = new RotatedFiles(options.path);
    this.#madeMs = options.clock.nowMs();
    this.#madeWallMs = options.clock.wallMs();
  }

  readonly send = (batch: readonly SinkEntry[], signal: AbortSignal): Promise<SendOutcome> =>
    this.#writes.run(batch, signal, () => this.#write(batch));

  /** Opens the file at the path anew before the next batch, for a program that has renamed it and sends SIGHUP. */
  reopen(): void {
    this.#mustReopen = true;
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#writes.idle();
    await this.#leave();
    await this.#tidying;
    const lock = this.#lock;
    this.#lock = undefined;
    await lock?.release().catch(() => undefined);
  }

  async #write(batch: readonly SinkEntry[]): Promise<SendOutcome> {
    if (this.#isClosed) return CLOSED;
    const lines = linesOf(batch);
    try {
      const { file, size } = await this.#fileFor(lines.length);
      await file.append(lines, size);
      return { kind: "delivered" };
    } catch (error) {
      // What a failed sync has left nobody can know; the next attempt looks at the file anew.
      await this.#leave();
      return ioFailed(`the file ${this.#options.path} cannot be written`, error);
    }
  }

  /** The file that so many bytes go to, and its size. */
  async #fileFor(bytes: number): Promise<OpenFile> {
    const { clock, rotation = {} } = this.#options;
    const open = await this.#openFile();
    const { bytesMax = Number.POSITIVE_INFINITY, ageMaxMs = Number.POSITIVE_INFINITY } = rotation;
    const age = Math.max(clock.wallMs() - open.file.bornMs, clock.nowMs() - this.#openedMs);
    const isDue = open.size + bytes > bytesMax || age > ageMaxMs;
    if (open.size === 0 || !isDue) return open;
    await this.#leave();
    await this.#rotated.rotate(this.#wallMs());
    this.#tidy();
    return this.#openFile();
  }

  /** The file at the path. One that was removed or renamed meanwhile is left. */
  async #openFile(): Promise<OpenFile> {
    const { path, mode = 0o600, clock } = this.#options;
    if (this.#file !== undefined && !this.#mustReopen) {
      const size = await this.#file.sizeAt(path);
      if (size !== undefined) return { file: this.#file, size };
    }
    await this.#leave();
    this.#mustReopen = false;
    await makeFolder(dirname(path), 0o700);
    if (this.#lock === undefined) {
      const lock = await takeLock(`${path}.lock`);
      if ("heldBy" in lock) throw new Error(`process ${lock.heldBy} writes to it; give each gateway a file of its own`);
      this.#lock = lock;
      this.#tidy();
    }
    this.#file = await AppendedFile.open(path, mode, clock.wallMs());
    this.#openedMs = clock.nowMs();
    return { file: this.#file, size: this.#file.openedBytes };
  }

  /** Looks after rotated files, while records are written. */
  #tidy(): void {
    const { compress = false, retention = {}, onTrouble } = this.#options;
    this.#tidying = this.#tidying
      .then(() => this.#rotated.tidy({ compress, retention, nowMs: this.#wallMs() }))
      .catch((error: unknown) => onTrouble?.(`rotated files of ${this.#options.path}: ${reasonText(error)}`));
  }

  /** The time of day, and no later than it can be since the start: a clock that is set forward must not remove what is young. */
  #wallMs(): number {
    const { clock } = this.#options;
    return Math.min(clock.wallMs(), this.#madeWallMs + clock.nowMs() - this.#madeMs);
  }

  async #leave(): Promise<void> {
    const file = this.#file;
    this.#file = undefined;
    await file?.close().catch(() => undefined);
  }
}

const LINE_BREAK = 0x0a;

/** The texts of a batch as lines. */
function linesOf(batch: readonly SinkEntry[]): Buffer {
  let length = 0;
  for (const { bytes } of batch) {
    if (bytes === undefined) return Buffer.from(batch.map(({ text }) => `${text}\n`).join(""));
    length += bytes.length + 1;
  }
  const lines = Buffer.allocUnsafe(length);
  let at = 0;
  for (const { bytes } of batch) {
    if (bytes === undefined) continue;
    bytes.copyTo(lines, at);
    at += bytes.length;
    lines[at] = LINE_BREAK;
    at += 1;
  }
  return lines;
}
