import { join } from "node:path";
import type { AppendResult } from "./append-result.ts";
import { Cursor } from "./cursor.ts";
import { messageOf, nodeFiles, type SpoolFiles } from "./files.ts";
import { type FileLock, lockFolder } from "./lock.ts";
import { PositionFile } from "./positions.ts";
import { recover } from "./recovery.ts";
import { SegmentWriter } from "./segment-writer.ts";
import { type SegmentRange, type Segments, segmentName } from "./segments.ts";
import { Tail } from "./tail.ts";

export interface SpoolOptions {
  /** A folder on a local disk that is made if need be, and belongs to one process at a time. */
  readonly folder: string;
  /** The names of those who read: a to z, 0 to 9, `_` and `-`. A record is kept until each of them has committed it. */
  readonly consumers: readonly string[];
  /** Bytes of one file; at most a quarter of `bytesMax`. */
  readonly segmentBytesMax: number;
  /** Bytes of all records. */
  readonly bytesMax: number;
  /** What a spool that is full does: drop its oldest records though not everybody has read them, or refuse new ones. */
  readonly whenFull: "drop_oldest" | "refuse";
  /** Until when a file is kept: until every consumer has read it (which is the default), or until it is discarded. */
  readonly keep?: "until_read" | "until_discarded";
  /**
   * Bytes of the latest records that are held in memory as well until every consumer has passed them, so that those who keep up need not
   * read the disk. Without it none are.
   */
  readonly tailBytesMax?: number;
}

/** An open spool, or why there is none: another process has the folder, or the system refused. */
export type SpoolOpening =
  | { readonly kind: "open"; readonly spool: Spool }
  | { readonly kind: "failed"; readonly reason: "locked" | "io"; readonly message: string };

/** What was found when a spool was opened, and is not as an orderly end leaves it. */
export interface SpoolRecovery {
  /** Bytes of records that were being written, and were never confirmed. */
  readonly tornBytes: number;
  /** Consumers whose position could not be read; they begin with the oldest record that is kept. */
  readonly damagedPositions: readonly string[];
}

/** A spool at this moment. */
export interface SpoolSnapshot {
  readonly bytes: number;
  readonly bytesMax: number;
  /** Bytes of the records that are held in memory as well. */
  readonly tailBytes: number;
  /** Records that each consumer has not committed yet, lost ones included. */
  readonly waiting: Readonly<Record<string, number>>;
  /** Records dropped to make room since the spool was opened that not every consumer had committed. */
  readonly lost: number;
}

interface SpoolParts {
  readonly options: SpoolOptions;
  readonly files: SpoolFiles;
  readonly lock: FileLock;
  readonly segments: Segments;
  readonly recovery: SpoolRecovery;
  readonly end: PositionFile;
  readonly positions: ReadonlyMap<string, { readonly file: PositionFile; readonly position: number }>;
}

const CONSUMER = /^[a-z0-9_-]{1,64}$/;

/** Keeps records on the disk until all consumers have them. */
export class Spool {
  readonly #parts: SpoolParts;
  readonly #cursors: ReadonlyMap<string, Cursor>;
  readonly #writer: SegmentWriter;
  readonly #tail: Tail;
  #awaiting: (() => void)[] = [];
  #lost = 0;
  #closing: Promise<void> | undefined;

  private constructor(parts: SpoolParts) {
    this.#parts = parts;
    const { files, segments, options, positions } = parts;
    this.#tail = new Tail(positions.size === 0 ? 0 : (options.tailBytesMax ?? 0));
    const spool = {
      files,
      segments,
      folder: options.folder,
      tail: this.#tail,
      passed: () => this.#tail.forget(this.#passedInMemory()),
      committed: () => this.#collect(),
    };
    this.#cursors = new Map(
      [...positions].map(([name, { file, position }]) => [name, new Cursor(spool, file, position)]),
    );
    this.#writer = new SegmentWriter(files, options.folder, segments, {
      segmentBytesMax: options.segmentBytesMax,
      makeRoom: (bytes) => this.#makeRoom(bytes),
    });
  }

  /** Opens a spool and mends what a crash has left. Throws a RangeError for options that make no sense. */
  static async open(options: SpoolOptions, files: SpoolFiles = nodeFiles): Promise<SpoolOpening> {
    checkOptions(options);
    let lock: FileLock | undefined;
    try {
      await files.makeFolder(options.folder);
      const locked = await lockFolder(options.folder);
      if ("heldBy" in locked) {
        const message = `${options.folder} belongs to process ${locked.heldBy}; give each process a folder of its own`;
        return { kind: "failed", reason: "locked", message };
      }
      lock = locked;
      return { kind: "open", spool: new Spool(await openParts(options, files, lock)) };
    } catch (error) {
      await lock?.release().catch(() => {});
      return { kind: "failed", reason: "io", message: `${options.folder} cannot be used: ${messageOf(error)}` };
    }
  }

  get recovery(): SpoolRecovery {
    return this.#parts.recovery;
  }

  /**
   * Keeps a record; resolves when it is on the disk, or to why it is not known to be. Records that are appended while the
   * disk is busy share one sync. The bytes must not change any more: consumers may be handed the same ones.
   */
  append(record: Uint8Array): Promise<AppendResult> {
    return this.appendAll([record]);
  }

  /**
   * Keeps records that stand or fall together: they follow each other in one file, and share one sync. Resolves when all are on the disk,
   * with the sequence number of the first, or to why none is known to be. After a crash the first of them may be found without the others.
   */
  async appendAll(records: readonly Uint8Array[]): Promise<AppendResult> {
    const result = await this.#writer.append(records);
    if (result.kind === "durable") {
      this.#tail.add(result.sequence, records);
      this.#wake();
    }
    return result;
  }

  /** Sequence number that the next record gets. */
  get next(): number {
    return this.#parts.segments.next;
  }

  /** The files, the oldest first; what is being written is the last. */
  get files(): readonly SegmentRange[] {
    return this.#parts.segments.all;
  }

  /**
   * Removes the files whose records all come before a sequence number, also if not every consumer has read them: who has not finds a gap.
   * The file that is being written stays, and one that the system does not remove stays for the next time.
   */
  async discard(before: number): Promise<void> {
    for (let oldest = this.#removable(); oldest !== undefined && oldest.end <= before; oldest = this.#removable()) {
      if (!(await this.#drop(oldest))) return;
    }
  }

  /** The place of a consumer that the options name. */
  cursor(consumer: string): Cursor {
    const cursor = this.#cursors.get(consumer);
    if (cursor === undefined) throw new RangeError(`the spool has no consumer ${consumer}`);
    return cursor;
  }

  /** Resolves when a consumer has something to read, to false when the spool closes or the signal aborts. */
  async readable(consumer: string, signal?: AbortSignal): Promise<boolean> {
    const cursor = this.cursor(consumer);
    const isOver = (): boolean => this.#closing !== undefined || signal?.aborted === true;
    while (!isOver() && cursor.position >= this.#parts.segments.next) await this.#news(signal);
    return !isOver();
  }

  snapshot(): SpoolSnapshot {
    const { segments, options } = this.#parts;
    const waiting = [...this.#cursors].map(([name, { position }]) => [name, segments.next - position] as const);
    return {
      bytes: segments.bytes,
      bytesMax: options.bytesMax,
      tailBytes: this.#tail.bytes,
      waiting: Object.fromEntries(waiting),
      lost: this.#lost,
    };
  }

  /** Takes no more records, writes those that wait, and gives the folder back. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    this.#wake();
    return this.#closing;
  }

  async #close(): Promise<void> {
    const { end, segments, lock } = this.#parts;
    await this.#writer.close();
    // Where the spool ended in order: what is missing before it when it is opened again is a gap.
    await end.write(segments.next).catch(() => {});
    await lock.release().catch(() => {});
  }

  /** The sequence number up to which every consumer has everything, on the disk. */
  #passed(): number {
    const positions = [...this.#cursors.values()].map(({ durablePosition }) => durablePosition);
    return positions.length === 0 ? 0 : Math.min(...positions);
  }

  /** The sequence number up to which every consumer has everything. */
  #passedInMemory(): number {
    let passed = Number.POSITIVE_INFINITY;
    for (const { position } of this.#cursors.values()) passed = Math.min(passed, position);
    return passed;
  }

  /** Removes the files that every consumer has passed. */
  async #collect(): Promise<void> {
    if (this.#parts.options.keep === "until_discarded") return;
    const passed = this.#passed();
    for (let oldest = this.#removable(); oldest !== undefined && oldest.end <= passed; oldest = this.#removable()) {
      if (!(await this.#remove(oldest.first))) return;
    }
  }

  /** Drops the oldest records until so many bytes fit; false when the spool has to refuse them. */
  async #makeRoom(bytes: number): Promise<boolean> {
    const { segments, options } = this.#parts;
    while (segments.bytes + bytes > options.bytesMax) {
      const oldest = this.#removable();
      if (oldest === undefined || options.whenFull === "refuse") return false;
      if (!(await this.#drop(oldest))) return false;
    }
    return true;
  }

  /** Removes a file, and counts what not every consumer had. */
  async #drop({ first, end }: SegmentRange): Promise<boolean> {
    const unread = this.#cursors.size === 0 ? 0 : end - Math.max(first, this.#passed());
    if (!(await this.#remove(first))) return false;
    this.#lost += Math.max(0, unread);
    return true;
  }

  #removable() {
    const { oldest } = this.#parts.segments;
    return oldest === undefined || oldest.first === this.#writer.active ? undefined : oldest;
  }

  async #remove(first: number): Promise<boolean> {
    const { files, segments, options } = this.#parts;
    try {
      await files.remove(join(options.folder, segmentName(first)));
      segments.remove(first);
      return true;
    } catch {
      // It stays for the next attempt.
      return false;
    }
  }

  /** Resolves when there is something new, or the signal aborts. */
  async #news(signal: AbortSignal | undefined): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const end = (): void => resolve();
    this.#awaiting.push(end);
    signal?.addEventListener("abort", end, { once: true });
    await promise;
    signal?.removeEventListener("abort", end);
  }

  #wake(): void {
    for (const resolve of this.#awaiting.splice(0)) resolve();
  }
}

async function openParts(options: SpoolOptions, files: SpoolFiles, lock: FileLock): Promise<SpoolParts> {
  const { folder, consumers } = options;
  const end = new PositionFile(files, folder, "end");
  const read = await Promise.all(
    consumers.map(async (name) => {
      const file = new PositionFile(files, folder, `${name}.position`);
      return { name, file, found: await file.read() };
    }),
  );
  const known = [await end.read(), ...read.map(({ found }) => found)].filter((each) => typeof each === "number");
  const { segments, tornBytes } = await recover(files, folder, Math.max(0, ...known));
  const oldest = segments.oldest?.first ?? segments.next;
  const positions = read.map(({ name, file, found }) => {
    return [name, { file, position: typeof found === "number" ? found : oldest }] as const;
  });
  const unknown = read.filter(({ found }) => typeof found !== "number");
  // Written down, so that what is missing after it is a gap the next time. A disk that is full now may not be later.
  await Promise.allSettled(unknown.map(({ file }) => file.write(oldest)));
  return {
    options,
    files,
    lock,
    segments,
    end,
    recovery: { tornBytes, damagedPositions: read.flatMap(({ name, found }) => (found === "damaged" ? [name] : [])) },
    positions: new Map(positions),
  };
}

function checkOptions({ consumers, segmentBytesMax, bytesMax }: SpoolOptions): void {
  const wrong = consumers.find((name) => !CONSUMER.test(name));
  if (wrong !== undefined) throw new RangeError(`consumer ${JSON.stringify(wrong)}: only a to z, 0 to 9, _ and -`);
  if (segmentBytesMax * 4 > bytesMax) {
    throw new RangeError(`segmentBytesMax ${segmentBytesMax} is more than a quarter of bytesMax ${bytesMax}`);
  }
}
