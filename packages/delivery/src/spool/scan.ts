import { join } from "node:path";
import { crc32 } from "node:zlib";
import { codeOf, nodeFiles, type SpoolFiles } from "./files.ts";
import { HEADER_BYTES, readFrame } from "./frame.ts";
import { PositionFile } from "./positions.ts";
import { type Segment, segmentName, segmentsAmong } from "./segments.ts";

/** What is found in the files of a spool, byte by byte. */
export type ScannedFrame =
  | {
      readonly kind: "record";
      /** Name of the file. */
      readonly segment: string;
      /** The number that the record has by its place in the file. */
      readonly sequence: number;
      readonly payload: Buffer;
      /**
       * `right` is where it was written. `wrong`: its header was made for another number, or altered. `beyond`: the next file begins with
       * this number or an earlier one, so that no consumer reads it.
       */
      readonly place: "right" | "wrong" | "beyond";
      /** Where what follows it is, for a scan that goes on later. */
      readonly next: ScanPlace;
    }
  /** So many bytes that are no record; what comes next in this file, if anything does, has a number of its own again. */
  | { readonly kind: "unreadable"; readonly segment: string; readonly sequence: number; readonly bytes: number }
  /** The end of a file in the middle of a record: a write that was never confirmed, or a file that was cut. */
  | { readonly kind: "torn"; readonly segment: string; readonly sequence: number; readonly bytes: number };

/** A place in a file: number of the file's first record, number of the frame, and its offset in bytes. */
export interface ScanPlace {
  readonly first: number;
  readonly sequence: number;
  readonly offset: number;
}

export interface ScanOptions {
  /** Begins with the file in which this number is; without it with the oldest. */
  readonly from?: number | undefined;
  /** Goes on where a scan has ended. */
  readonly at?: ScanPlace | undefined;
  readonly files?: SpoolFiles | undefined;
}

/** Bytes that are read at once, save for a record that is larger. */
const WINDOW_BYTES = 262_144;

/**
 * Reads the files of a spool in their order, without a lock and without trusting them: for those who look at a spool that another process
 * may be writing, or that somebody may have altered. A file that is removed meanwhile is skipped. Rejects with the error of the system.
 */
export async function* scanSpool(folder: string, options: ScanOptions = {}): AsyncGenerator<ScannedFrame, void> {
  const { at, from = at?.first ?? 0, files = nodeFiles } = options;
  const segments = segmentsAmong(await files.list(folder));
  const begin = Math.max(
    0,
    segments.findLastIndex(({ first }) => first <= from),
  );
  for (let index = begin; index < segments.length; index++) {
    const segment = segments[index];
    if (segment === undefined) continue;
    const end = segments[index + 1]?.first ?? Number.POSITIVE_INFINITY;
    try {
      const start = at?.first === segment.first ? at : { sequence: segment.first, offset: 0 };
      yield* scanSegment(files, folder, { segment, end, start });
    } catch (error) {
      if (codeOf(error) !== "ENOENT") throw error;
    }
  }
}

async function* scanSegment(
  files: SpoolFiles,
  folder: string,
  { segment: { first, bytes }, end, start }: SegmentScan,
): AsyncGenerator<ScannedFrame, void> {
  const segment = segmentName(first);
  const path = join(folder, segment);
  let { sequence, offset } = start;
  let windowBytes = WINDOW_BYTES;
  while (offset < bytes) {
    const buffer = await files.read(path, offset, Math.min(windowBytes, bytes - offset));
    const isLast = offset + buffer.length >= bytes || buffer.length === 0;
    windowBytes = WINDOW_BYTES;
    let used = 0;
    while (used < buffer.length) {
      const frame = anyFrame(buffer, used, sequence);
      const restBytes = bytes - offset - used;
      if (frame.kind === "incomplete" && !isLast && frame.frameBytes <= restBytes) {
        windowBytes = Math.max(WINDOW_BYTES, frame.frameBytes);
        break;
      }
      if (frame.kind !== "record" && frame.kind !== "damaged_record") {
        const kind = frame.kind === "incomplete" && frame.isTrusted ? "torn" : "unreadable";
        yield { kind, segment, sequence, bytes: restBytes };
        return;
      }
      if (frame.kind === "damaged_record")
        yield { kind: "unreadable", segment, sequence, bytes: frame.nextOffset - used };
      else {
        const place = sequence >= end ? "beyond" : frame.isInPlace ? "right" : "wrong";
        const next = { first, sequence: sequence + 1, offset: offset + frame.nextOffset };
        yield { kind: "record", segment, sequence, payload: frame.payload, place, next };
      }
      used = frame.nextOffset;
      sequence += 1;
    }
    if (buffer.length === 0) return;
    offset += used;
  }
}

interface SegmentScan {
  readonly segment: Segment;
  /** Number of the first record of the next file. */
  readonly end: number;
  readonly start: Omit<ScanPlace, "first">;
}

type AnyFrame =
  | { readonly kind: "record"; readonly payload: Buffer; readonly nextOffset: number; readonly isInPlace: boolean }
  | { readonly kind: "damaged_record"; readonly nextOffset: number }
  | { readonly kind: "damaged_header" }
  | { readonly kind: "incomplete"; readonly frameBytes: number; readonly isTrusted: boolean };

/** The frame at an offset; one whose header was made for another place counts if its payload is whole. */
function anyFrame(buffer: Buffer, offset: number, sequence: number): AnyFrame {
  const frame = readFrame(buffer, offset, sequence);
  if (frame.kind === "record") return { ...frame, isInPlace: true };
  if (frame.kind === "incomplete") return { ...frame, isTrusted: true };
  if (frame.kind !== "damaged_header") return frame;
  // A length that nobody vouches for is believed only where the checksum of the payload agrees.
  const frameBytes = HEADER_BYTES + buffer.readUInt32LE(offset);
  if (offset + frameBytes > buffer.length) return { kind: "incomplete", frameBytes, isTrusted: false };
  const payload = buffer.subarray(offset + HEADER_BYTES, offset + frameBytes);
  return crc32(payload) === buffer.readUInt32LE(offset + 4)
    ? { kind: "record", payload, nextOffset: offset + frameBytes, isInPlace: false }
    : frame;
}

/** Numbers that are written down beside the files: where the spool ended in order, and where its consumers are. */
export async function spoolPositions(
  folder: string,
  files: SpoolFiles = nodeFiles,
): Promise<ReadonlyMap<string, number | "damaged">> {
  const names = (await files.list(folder)).map(({ name }) => name);
  const wanted = names.filter((name) => name === "end" || name.endsWith(".position"));
  const found = new Map<string, number | "damaged">();
  for (const name of wanted) {
    const position = await new PositionFile(files, folder, name).read();
    if (position !== "none") found.set(name, position);
  }
  return found;
}
