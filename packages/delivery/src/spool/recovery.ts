import { join } from "node:path";
import type { SpoolFiles } from "./files.ts";
import { HEADER_BYTES } from "./frame.ts";
import { walkSegment } from "./segment-reader.ts";
import { type Segment, Segments, segmentName, segmentsAmong } from "./segments.ts";

/** The sequence number of the first record of a new spool. */
const FIRST = 1;

export interface Recovered {
  readonly segments: Segments;
  /** Bytes of a record that was being written when the process ended, and was never confirmed. */
  readonly tornBytes: number;
}

/**
 * Finds out what a folder holds. A record that was torn at the end of the latest segment is cut off. The next record gets a number
 * that no earlier one can have had: `known` is the least that it can be, by what else is written down. What a segment lacks
 * before the next number is a gap for whoever reads it.
 */
export async function recover(files: SpoolFiles, folder: string, known: number): Promise<Recovered> {
  const found = segmentsAmong(await files.list(folder));
  const last = found.at(-1);
  if (last === undefined) return { segments: new Segments([], Math.max(FIRST, known)), tornBytes: 0 };
  const path = join(folder, segmentName(last.first));
  const { kind, sequence, offset } = await walkSegment(files, path, {
    segment: { ...last, end: Number.POSITIVE_INFINITY },
    from: { sequence: last.first, offset: 0 },
    visit: () => true,
  });
  const restBytes = last.bytes - offset;
  if (kind !== "damaged") {
    if (restBytes > 0) await files.truncate(path, offset);
    return { segments: new Segments(replaceLast(found, offset), Math.max(sequence, known)), tornBytes: restBytes };
  }
  // As many records as fit into the rest may be lost: their numbers must not be given again.
  const lost = Math.max(1, Math.floor(restBytes / HEADER_BYTES));
  return { segments: new Segments(found, Math.max(sequence + lost, known)), tornBytes: 0 };
}

function replaceLast(segments: readonly Segment[], bytes: number): readonly Segment[] {
  return segments.map((segment, index) => (index === segments.length - 1 ? { ...segment, bytes } : segment));
}
