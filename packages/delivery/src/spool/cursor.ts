import { join } from "node:path";
import { codeOf, messageOf, type SpoolFiles } from "./files.ts";
import type { PositionFile } from "./positions.ts";
import { type SegmentPlace, type SpoolItem, walkSegment } from "./segment-reader.ts";
import { type SegmentRange, type Segments, segmentName } from "./segments.ts";
import type { Tail } from "./tail.ts";

/** How much is read at most; one record is read however large it is. */
export interface ReadLimits {
  readonly recordsMax: number;
  readonly bytesMax: number;
}

/** The next items in their order, none when everything was read, or why they cannot be read. */
export type ReadResult =
  | { readonly kind: "read"; readonly items: readonly SpoolItem[] }
  | { readonly kind: "failed"; readonly message: string };

/** Whether a position is on the disk. If it is not, it holds until the process ends, and what follows it comes again then. */
export type CommitResult = { readonly kind: "committed" } | { readonly kind: "failed"; readonly message: string };

/** What a cursor needs of its spool. */
export interface CursorSpool {
  readonly files: SpoolFiles;
  readonly folder: string;
  readonly segments: Segments;
  readonly tail: Tail;
  /** A consumer has moved on, in memory. */
  readonly passed: () => void;
  /** A position has reached the disk. */
  readonly committed: () => Promise<void>;
}

/**
 * The place of one consumer in a spool. Everything after it is read again until the consumer commits it, also after a
 * crash: each record is seen at least once.
 */
export class Cursor {
  readonly #spool: CursorSpool;
  readonly #file: PositionFile;
  #position: number;
  #durablePosition: number;
  /** Where in their segments the items began with which the last read began and ended. */
  #places: readonly PlaceOfSegment[] = [];
  #writing: Promise<CommitResult> | undefined;

  constructor(spool: CursorSpool, file: PositionFile, position: number) {
    this.#spool = spool;
    this.#file = file;
    this.#position = position;
    this.#durablePosition = position;
  }

  /** Sequence number of the next item. */
  get position(): number {
    return this.#position;
  }

  /** Sequence number that would come next after a crash. */
  get durablePosition(): number {
    return this.#durablePosition;
  }

  /** Sequence number of the oldest item that the spool still keeps; that of the next record when it keeps none. */
  get oldest(): number {
    return this.#spool.segments.oldest?.first ?? this.end;
  }

  /** Sequence number that the next record gets. */
  get end(): number {
    return this.#spool.segments.next;
  }

  /** Reads from the position on, and leaves it where it is. Records that are lost stand in their place as a gap. */
  async read(limits: ReadLimits): Promise<ReadResult> {
    const items = new Items(limits);
    const { segments } = this.#spool;
    let sequence = this.#position;
    try {
      while (sequence < segments.next && !items.isFull) {
        const segment = segments.find(sequence);
        if (segment === undefined) sequence = items.gap(sequence, segments.next);
        else if (segment.first > sequence) sequence = items.gap(sequence, segment.first);
        else if (this.#spool.tail.at(sequence) !== undefined) sequence = this.#readTail(sequence, items);
        else sequence = await this.#readSegment(segment, sequence, items);
      }
    } catch (error) {
      if (items.list.length === 0) return { kind: "failed", message: messageOf(error) };
    }
    return { kind: "read", items: items.list };
  }

  /**
   * Moves the position behind an item that was read, in memory: its `sequence`, or the `to` of a gap. It is on the disk after the next
   * `commit`; what follows the one that is there comes again after a crash.
   */
  pass(sequence: number): void {
    this.#position = Math.max(this.#position, Math.min(sequence + 1, this.#spool.segments.next));
    this.#spool.passed();
  }

  /** The same, and resolves when the position is on the disk. */
  async commit(sequence: number): Promise<CommitResult> {
    this.pass(sequence);
    // Whoever commits while a position is being written waits for the next write, which has theirs.
    await this.#writing;
    this.#writing ??= this.#write().finally(() => {
      this.#writing = undefined;
    });
    return this.#writing;
  }

  async #write(): Promise<CommitResult> {
    const position = this.#position;
    if (position === this.#durablePosition) return { kind: "committed" };
    try {
      await this.#file.write(position);
    } catch (error) {
      return { kind: "failed", message: messageOf(error) };
    }
    this.#durablePosition = position;
    await this.#spool.committed();
    return { kind: "committed" };
  }

  /** Takes what is in memory; returns the sequence number to go on with. */
  #readTail(from: number, items: Items): number {
    let sequence = from;
    for (let item = this.#spool.tail.at(sequence); item !== undefined; item = this.#spool.tail.at(sequence)) {
      if (!items.add(sequence, item.payload)) return sequence;
      sequence += 1;
    }
    return sequence;
  }

  /** Reads what is left of a segment; returns the sequence number to go on with. */
  async #readSegment(segment: SegmentRange, sequence: number, items: Items): Promise<number> {
    const places = this.#places.filter((place) => place.segment === segment.first && place.sequence <= sequence);
    const from = places.at(-1) ?? { sequence: segment.first, offset: 0 };
    const isStart = items.list.length === 0;
    const visit = (place: SegmentPlace, payload: Buffer | undefined): boolean => {
      if (place.sequence < sequence) return true;
      if (isStart && place.sequence === sequence) this.#places = [{ ...place, segment: segment.first }];
      return items.add(place.sequence, payload);
    };
    try {
      const path = join(this.#spool.folder, segmentName(segment.first));
      const end = await walkSegment(this.#spool.files, path, { segment, from, visit });
      this.#places = [...this.#places.slice(0, 1), { ...end, segment: segment.first }];
      return items.isFull ? end.sequence : items.gap(Math.max(sequence, end.sequence), segment.end);
    } catch (error) {
      if (codeOf(error) !== "ENOENT") throw error;
      // The spool has removed it to make room, and the next look finds what comes after it; or somebody else has.
      return this.#spool.segments.has(segment.first) ? items.gap(sequence, segment.end) : sequence;
    }
  }
}

interface PlaceOfSegment extends SegmentPlace {
  /** Sequence number of the segment's first record. */
  readonly segment: number;
}

/** Gathers what is read, up to the limits. */
class Items {
  readonly list: SpoolItem[] = [];
  readonly #limits: ReadLimits;
  #bytes = 0;
  #isFull = false;

  constructor(limits: ReadLimits) {
    this.#limits = limits;
  }

  get isFull(): boolean {
    return this.#isFull || this.list.length >= this.#limits.recordsMax;
  }

  /** Adds a record, or without payload one that is lost; false when there is no room for it. */
  add(sequence: number, payload: Buffer | undefined): boolean {
    const bytes = payload?.length ?? 0;
    this.#isFull = this.isFull || (this.list.length > 0 && this.#bytes + bytes > this.#limits.bytesMax);
    if (this.#isFull) return false;
    if (payload === undefined) this.gap(sequence, sequence + 1);
    else this.list.push({ kind: "record", sequence, payload });
    this.#bytes += bytes;
    return true;
  }

  /** Adds that the records before `end` are lost; returns `end`. */
  gap(from: number, end: number): number {
    if (from >= end) return end;
    const last = this.list.at(-1);
    const isLonger = last?.kind === "gap" && last.to + 1 === from;
    if (isLonger) this.list[this.list.length - 1] = { kind: "gap", from: last.from, to: end - 1 };
    else this.list.push({ kind: "gap", from, to: end - 1 });
    return end;
  }
}
