import { join } from "node:path";
import type { AppendFailure, AppendResult } from "./append-result.ts";
import { messageOf, type OpenSegment, type SpoolFiles } from "./files.ts";
import { framesOf, HEADER_BYTES } from "./frame.ts";
import { type Segments, segmentName } from "./segments.ts";

export interface WriterLimits {
  /** Bytes of one segment; a new one begins where a record would exceed them. */
  readonly segmentBytesMax: number;
  /** Sees to it that so many bytes may be added; false when they may not. */
  readonly makeRoom: (bytes: number) => Promise<boolean>;
}

/** Records that stand or fall together. */
interface Append {
  readonly records: readonly Uint8Array[];
  /** With their headers. */
  readonly bytes: number;
  readonly settle: (result: AppendResult) => void;
}

interface ActiveSegment {
  /** Sequence number of its first record. */
  readonly first: number;
  readonly file: OpenSegment;
  /** Confirmed ones. */
  bytes: number;
}

/** Bytes that are written together; encoding them holds the event loop for about a millisecond. */
const GROUP_BYTES_MAX = 1_048_576;
/** Bytes that may wait to be written: more come only from a disk that stalls. */
const WAITING_BYTES_MAX = 16_777_216;

/** Appends records in their order. While the disk is busy with some, the next ones gather, and share one sync. */
export class SegmentWriter {
  readonly #files: SpoolFiles;
  readonly #folder: string;
  readonly #segments: Segments;
  readonly #limits: WriterLimits;
  #waiting: Append[] = [];
  #waitingBytes = 0;
  #active: ActiveSegment | undefined;
  #loop: Promise<void> | undefined;
  #closed = false;

  constructor(files: SpoolFiles, folder: string, segments: Segments, limits: WriterLimits) {
    this.#files = files;
    this.#folder = folder;
    this.#segments = segments;
    this.#limits = limits;
  }

  /** Number of the first record of the segment that is being written; `undefined` when none is. */
  get active(): number | undefined {
    return this.#active?.first;
  }

  /** Appends records together; the sequence number of the result is that of the first. */
  append(records: readonly Uint8Array[]): Promise<AppendResult> {
    const bytes = records.reduce((sum, record) => sum + HEADER_BYTES + record.length, 0);
    if (this.#closed) return failed("closed", "the spool has closed");
    if (bytes > this.#limits.segmentBytesMax) {
      return failed("too_large", `${bytes} bytes are more than a segment holds (${this.#limits.segmentBytesMax})`);
    }
    if (this.#waitingBytes + bytes > WAITING_BYTES_MAX) {
      return failed("busy", `${this.#waitingBytes} bytes wait to be written: the disk does not keep up`);
    }
    const { promise, resolve } = Promise.withResolvers<AppendResult>();
    this.#waiting.push({ records, bytes, settle: resolve });
    this.#waitingBytes += bytes;
    this.#loop ??= this.#run();
    return promise;
  }

  /** Takes no more records; resolves when those that wait are written or have failed. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#loop;
    await this.#leaveActive();
  }

  async #run(): Promise<void> {
    // Whoever appends several records in one go finds them in one group.
    await Promise.resolve();
    while (this.#waiting.length > 0) await this.#writeGroup();
    this.#loop = undefined;
  }

  async #writeGroup(): Promise<void> {
    const [first] = this.#waiting;
    if (first === undefined) return;
    const firstBytes = first.bytes;
    const isRoom = await this.#limits.makeRoom(firstBytes);
    if (!isRoom) {
      const message = "the spool is full, and drops nothing that was not read";
      return this.#settle(this.#waiting.splice(0, 1), firstBytes, () => ({ kind: "failed", reason: "full", message }));
    }
    const active = this.#active;
    if (active !== undefined && active.bytes + firstBytes > this.#limits.segmentBytesMax) await this.#leaveActive();
    const { group, bytes } = await this.#nextGroup();
    const sequence = this.#segments.next;
    const records = group.flatMap((append) => append.records);
    try {
      const segment = await this.#activeSegment();
      await segment.file.append(framesOf(sequence, records));
      await segment.file.sync();
      segment.bytes += bytes;
      this.#segments.grow(records.length, bytes);
    } catch (error) {
      // What a failed sync has left of it on the disk nobody can know: nothing is written to this file any more.
      await this.#leaveActive();
      const failure: AppendFailure = { kind: "failed", reason: "io", message: messageOf(error) };
      return this.#settle(group, bytes, () => failure);
    }
    let next = sequence;
    this.#settle(group, bytes, (append) => {
      const first = next;
      next += append.records.length;
      return { kind: "durable", sequence: first };
    });
  }

  /** The records that wait, as many as fit into the segment and one group. There is room for the first one. */
  async #nextGroup(): Promise<{ readonly group: readonly Append[]; readonly bytes: number }> {
    let count = 0;
    let bytes = 0;
    const segmentRest = this.#limits.segmentBytesMax - (this.#active?.bytes ?? 0);
    for (const append of this.#waiting) {
      const more = bytes + append.bytes;
      if (count > 0 && (more > segmentRest || more > GROUP_BYTES_MAX || !(await this.#limits.makeRoom(more)))) break;
      count += 1;
      bytes = more;
    }
    return { group: this.#waiting.splice(0, count), bytes };
  }

  async #activeSegment(): Promise<ActiveSegment> {
    if (this.#active !== undefined) return this.#active;
    const file = await this.#files.create(join(this.#folder, segmentName(this.#segments.next)));
    const { first } = this.#segments.begin();
    this.#active = { first, file, bytes: 0 };
    return this.#active;
  }

  /** Writes no more to the segment, and cuts off what was not confirmed. */
  async #leaveActive(): Promise<void> {
    const active = this.#active;
    this.#active = undefined;
    if (active === undefined) return;
    try {
      await active.file.close();
      await this.#files.truncate(join(this.#folder, segmentName(active.first)), active.bytes);
    } catch {
      // Readers stop where the next segment begins, whatever stands behind.
    }
  }

  #settle(group: readonly Append[], bytes: number, resultOf: (append: Append) => AppendResult): void {
    this.#waitingBytes -= bytes;
    for (const append of group) append.settle(resultOf(append));
  }
}

function failed(reason: AppendFailure["reason"], message: string): Promise<AppendFailure> {
  return Promise.resolve({ kind: "failed", reason, message });
}
