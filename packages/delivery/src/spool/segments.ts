/** A file of records in their order. Its name says the sequence number of the first. */
export interface Segment {
  readonly first: number;
  /** Bytes that are on the disk; what the file has beyond them was never confirmed. */
  readonly bytes: number;
}

/** A segment with the sequence number after the last that can be in it. */
export interface SegmentRange extends Segment {
  readonly end: number;
}

const NAME = /^(\d{16})\.segment$/;

/** The name of a segment; names are in the order of the records. */
export function segmentName(first: number): string {
  return `${String(first).padStart(16, "0")}.segment`;
}

/** The segments among the files of a folder, in their order. */
export function segmentsAmong(files: readonly { readonly name: string; readonly bytes: number }[]): readonly Segment[] {
  const segments = files.flatMap(({ name, bytes }) => {
    const digits = NAME.exec(name)?.[1];
    return digits === undefined ? [] : [{ first: Number.parseInt(digits, 10), bytes }];
  });
  return segments.toSorted((one, other) => one.first - other.first);
}

/** The segments of a spool and the sequence number that comes next. */
export class Segments {
  #segments: readonly Segment[];
  #next: number;

  constructor(segments: readonly Segment[], next: number) {
    this.#segments = segments;
    this.#next = next;
  }

  /** Sequence number of the next record. */
  get next(): number {
    return this.#next;
  }

  get bytes(): number {
    return this.#segments.reduce((sum, { bytes }) => sum + bytes, 0);
  }

  /** The oldest segment; `undefined` when there is none. */
  get oldest(): SegmentRange | undefined {
    return this.#at(0);
  }

  /** All of them, the oldest first. */
  get all(): readonly SegmentRange[] {
    return this.#segments.map((segment, index) => ({
      ...segment,
      end: this.#segments[index + 1]?.first ?? this.#next,
    }));
  }

  /** The segment in which a record is or was, or the one after, if that comes later; `undefined` when there is neither. */
  find(sequence: number): SegmentRange | undefined {
    const last = this.#segments.findLastIndex(({ first }) => first <= sequence);
    const found = this.#at(Math.max(0, last));
    return found !== undefined && found.end > sequence ? found : undefined;
  }

  has(first: number): boolean {
    return this.#segments.some((segment) => segment.first === first);
  }

  /** Begins a segment with the next record. */
  begin(): Segment {
    const segment = { first: this.#next, bytes: 0 };
    this.#segments = [...this.#segments.filter(({ first }) => first !== segment.first), segment];
    return segment;
  }

  /** Enters records that were appended to the latest segment. */
  grow(records: number, bytes: number): void {
    this.#next += records;
    this.#segments = this.#segments.map((segment, index) =>
      index === this.#segments.length - 1 ? { ...segment, bytes: segment.bytes + bytes } : segment,
    );
  }

  remove(first: number): void {
    this.#segments = this.#segments.filter((segment) => segment.first !== first);
  }

  #at(index: number): SegmentRange | undefined {
    const segment = this.#segments[index];
    return segment === undefined ? undefined : { ...segment, end: this.#segments[index + 1]?.first ?? this.#next };
  }
}
