import type { CancelTimer } from "@mcp-hangar/delivery";
import type { AppendFailure, Spool } from "@mcp-hangar/delivery/spool";
import { type AuditCheckpointReason, type AuditGap, type AuditRecord, gapRecordOf } from "@mcp-hangar/telemetry";
import { type CheckpointKey, signedCheckpoint } from "./checkpoint-key.ts";
import { type ChainHead, type MadeLine, makeLine } from "./line.ts";
import type { Losses, LossGap } from "./losses.ts";
import type { JournalSettings } from "./options.ts";
import type { Stall } from "./stall.ts";

export interface ChainParts {
  readonly spool: Spool;
  readonly settings: JournalSettings;
  readonly key: CheckpointKey;
  /** Identity of the journal. */
  readonly journal: string;
  /** The last line that was found, with the number of the last that can have been written. */
  readonly head: ChainHead;
  /** What was found missing, to be told first. */
  readonly found: readonly AuditGap[];
  /** What is lost on the way to the disk. */
  readonly losses: Losses;
  /** Watches what is written. */
  readonly stall: Stall;
}

/** What became of records that were to be written, by their places from 0. */
export interface WriteResult {
  /** Places before it are written or rejected. */
  readonly end: number;
  /** Those that can never be written. */
  readonly rejected: readonly number[];
  /** Why the rest is not written. */
  readonly failure?: AppendFailure;
}

/** Lines that are appended together. */
interface Group {
  readonly lines: Buffer[];
  bytes: number;
  head: ChainHead;
  readonly rejected: number[];
  /** Place after the last record in it. */
  end: number;
  readonly losses: readonly LossGap[];
  readonly discard: Discard | undefined;
  isSigned: boolean;
}

/** Files that are removed once the journal has said so: those whose records all come before a number. */
interface Discard {
  readonly before: number;
  readonly reason: "retention" | "size";
}

/** Bytes of a file that are kept for what a journal says of itself: each gap and the checkpoint take less than 1 KiB. */
const OWN_BYTES = 8_192;
/** Bytes of the header that a line has in a file. */
const FRAME_BYTES = 12;
/** Lines that are appended together; making them holds the event loop for some milliseconds. */
const GROUP_RECORDS_MAX = 256;
const GROUP_BYTES_MAX = 1_000_000;

/**
 * Writes records as the lines of a chain. The number and the hash of a line are known only when those before it are on the disk, so one
 * group is written after the other, and one that failed is made anew. What is missing is said in the chain, before what comes after it,
 * and signed in the same group.
 */
export class ChainWriter {
  readonly #parts: ChainParts;
  #head: ChainHead;
  #found: readonly AuditGap[];
  #checkpointDue: AuditCheckpointReason | undefined = "opened";
  #signedSequence: number;
  #discard: Discard | undefined;
  #atOnce = GROUP_RECORDS_MAX;
  #cancelSigning: CancelTimer | undefined;
  #writing: Promise<unknown> = Promise.resolve();

  constructor(parts: ChainParts) {
    this.#parts = parts;
    this.#head = parts.head;
    this.#signedSequence = parts.head.sequence;
    this.#found = parts.found;
  }

  /** The last line on the disk. */
  get head(): ChainHead {
    return this.#head;
  }

  /** Number of the last line that a checkpoint covers. */
  get signedUntil(): number {
    return this.#signedSequence;
  }

  /** Has a checkpoint written with the next records, or by themselves with `write([])`. */
  requestCheckpoint(reason: AuditCheckpointReason): void {
    if (this.#checkpointDue !== "opened" || reason === "closed") this.#checkpointDue = reason;
  }

  /** Has the files removed that hold only records before a number, once the journal has said so. */
  requestRemoval(before: number): void {
    if (before > (this.#discard?.before ?? 0)) this.#discard = { before, reason: "retention" };
  }

  /** Signs the tail after a while, also when nothing more comes. */
  signAtIntervals(): void {
    const { clock, checkpoint } = this.#parts.settings;
    this.#cancelSigning = clock.schedule(checkpoint.intervalMs, () => {
      this.signAtIntervals();
      if (this.#head.sequence === this.#signedSequence) return;
      this.requestCheckpoint("interval");
      // What the disk does not take now is due with the next records.
      void this.write([]).catch(() => {});
    });
  }

  stopSigning(): void {
    this.#cancelSigning?.();
  }

  /** Writes records in their order, after whoever has called before, and with them what is due. One that is `undefined` is rejected. */
  write(records: readonly (AuditRecord | undefined)[]): Promise<WriteResult> {
    const result = this.#writing.then(() => this.#write(records));
    this.#writing = result.catch(() => {});
    return result;
  }

  async #write(records: readonly (AuditRecord | undefined)[]): Promise<WriteResult> {
    const rejected: number[] = [];
    let end = 0;
    do {
      const group = this.#nextGroup(records, end);
      const failure = "kind" in group ? group : await this.#append(group);
      if (failure !== undefined || "kind" in group) {
        // A disk with little room left takes a part only.
        this.#atOnce = Math.max(1, Math.ceil(this.#atOnce / 2));
        return { end, rejected, ...(failure !== undefined && { failure }) };
      }
      this.#atOnce = Math.min(GROUP_RECORDS_MAX, 2 * this.#atOnce);
      rejected.push(...group.rejected);
      end = group.end;
    } while (end < records.length);
    return { end, rejected };
  }

  /** The next lines, with room for them; a failure when there is none. */
  #nextGroup(records: readonly (AuditRecord | undefined)[], begin: number): Group | AppendFailure {
    const group = this.#compose(records, begin);
    const { spool, settings } = this.#parts;
    const excessBytes = spool.snapshot().bytes + group.bytes - settings.bytesMax;
    if (excessBytes <= 0) return group;
    if (settings.whenFull === "refuse") {
      return { kind: "failed", reason: "full", message: `the journal has reached its ${settings.bytesMax} bytes` };
    }
    let freed = 0;
    let before = 0;
    // The last file is being written.
    for (const file of spool.files.slice(0, -1)) {
      if (freed >= excessBytes + OWN_BYTES) break;
      freed += file.bytes;
      before = file.end;
    }
    if (before <= (this.#discard?.before ?? 0)) return group;
    this.#discard = { before, reason: "size" };
    return this.#compose(records, begin);
  }

  #compose(records: readonly (AuditRecord | undefined)[], begin: number): Group {
    const { settings } = this.#parts;
    const losses = this.#parts.losses.gaps();
    const discard = this.#discard;
    const group: Group = {
      lines: [],
      bytes: 0,
      head: this.#head,
      rejected: [],
      end: begin,
      losses,
      discard,
      isSigned: false,
    };
    const gaps = [...this.#found, ...losses, ...(discard === undefined ? [] : [gapOf(discard)])];
    const timeMs = settings.clock.wallMs();
    for (const gap of gaps) this.#add(group, gapRecordOf(gap, this.#stamp(group), timeMs));
    // The first record of a run: what was intended before it and has no end has none.
    if (this.#checkpointDue === "opened") this.#addCheckpoint(group, "opened", timeMs);
    this.#addRecords(group, records.slice(begin, begin + this.#atOnce));
    const isDue = group.head.sequence - this.#signedSequence >= settings.checkpoint.records;
    const reason = this.#checkpointDue ?? (isDue || gaps.length > 0 ? "interval" : undefined);
    if (reason !== undefined && reason !== "opened") this.#addCheckpoint(group, reason, timeMs);
    return group;
  }

  /** Adds as many records as there is room for in a group and in a file. */
  #addRecords(group: Group, records: readonly (AuditRecord | undefined)[]): void {
    const bytesMax = Math.min(GROUP_BYTES_MAX, this.#parts.settings.segmentBytesMax - OWN_BYTES);
    let bytes = 0;
    for (const record of records) {
      const line = lineIfAny(record, group.head);
      const isWritable = line !== undefined && line.bytes.length + FRAME_BYTES <= bytesMax;
      if (!isWritable) group.rejected.push(group.end);
      else {
        bytes += line.bytes.length + FRAME_BYTES;
        if (bytes > bytesMax) return;
        this.#addLine(group, line);
      }
      group.end += 1;
    }
  }

  #addCheckpoint(group: Group, reason: AuditCheckpointReason, timeMs: number): void {
    const { journal, key } = this.#parts;
    const claim = { journal, sequence: group.head.sequence, hash: group.head.hash, reason };
    this.#add(group, signedCheckpoint(claim, key, { ...this.#stamp(group), timeMs }));
    group.isSigned = true;
  }

  #stamp({ head }: Group): { readonly id: string; readonly instance: string } {
    const { journal, settings } = this.#parts;
    return { id: `${journal}-${head.sequence + 1}`, instance: settings.instance };
  }

  #add(group: Group, record: AuditRecord): void {
    this.#addLine(group, makeLine(record, group.head));
  }

  #addLine(group: Group, { bytes, head }: MadeLine): void {
    group.lines.push(bytes);
    group.bytes += bytes.length + FRAME_BYTES;
    group.head = head;
  }

  /** Appends a group; when it is on the disk, the chain goes on from there. */
  async #append(group: Group): Promise<AppendFailure | undefined> {
    const { spool, settings, stall } = this.#parts;
    if (group.lines.length > 0) {
      const result = await stall.watch(() => spool.appendAll(group.lines));
      if (result.kind === "failed") return result;
      if (result.sequence !== this.#head.sequence + 1) throw new Error(`the spool gave number ${result.sequence}`);
    }
    this.#head = group.head;
    this.#parts.losses.told(group.losses);
    for (const _place of group.rejected) this.#parts.losses.add("rejected", settings.clock.wallMs());
    this.#found = [];
    if (group.isSigned) {
      this.#checkpointDue = undefined;
      this.#signedSequence = group.head.sequence;
    }
    if (group.discard !== undefined) {
      await spool.discard(group.discard.before);
      if (this.#discard === group.discard) this.#discard = undefined;
    }
    return undefined;
  }
}

/** Everything before is gone then: so the latest gap says it all, also when those before it are removed one day. */
function gapOf({ before, reason }: Discard): AuditGap {
  return { reason, count: before - 1, from: 1, to: before - 1 };
}

function lineIfAny(record: AuditRecord | undefined, head: ChainHead): MadeLine | undefined {
  if (record === undefined) return undefined;
  try {
    return makeLine(record, head);
  } catch {
    return undefined;
  }
}
