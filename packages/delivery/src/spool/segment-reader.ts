import type { SpoolFiles } from "./files.ts";
import { readFrame } from "./frame.ts";
import type { SegmentRange } from "./segments.ts";

/** What a spool holds at a place in its order: a record, or records that are lost. */
export type SpoolItem =
  | { readonly kind: "record"; readonly sequence: number; readonly payload: Buffer }
  /** `from` and `to` are the first and the last sequence number that is lost. Not each of them need have been a record. */
  | { readonly kind: "gap"; readonly from: number; readonly to: number };

/** A place in a segment: the sequence number of the frame at an offset in bytes. */
export interface SegmentPlace {
  readonly sequence: number;
  readonly offset: number;
}

/** Where the frames of a segment end. */
export interface SegmentEnd extends SegmentPlace {
  /** Whether a frame there is torn (its end is missing), has a damaged header, or is none. */
  readonly kind: "whole" | "torn" | "damaged";
}

/** Bytes that are read at once, save for a record that is larger. */
const WINDOW_BYTES = 65_536;

/**
 * Walks over the frames of a segment from a place on. `visit` is told of each record, and of each whose payload is damaged
 * (`undefined`), and returns false to stop before it. Resolves to where the walk has ended.
 */
export async function walkSegment(
  files: SpoolFiles,
  path: string,
  { segment, from, visit }: SegmentWalk,
): Promise<SegmentEnd> {
  let { sequence, offset } = from;
  let windowBytes = WINDOW_BYTES;
  while (offset < segment.bytes && sequence < segment.end) {
    const wanted = Math.min(windowBytes, segment.bytes - offset);
    const buffer = await files.read(path, offset, wanted);
    const isLast = buffer.length < wanted || offset + wanted === segment.bytes;
    let used = 0;
    windowBytes = WINDOW_BYTES;
    while (used < buffer.length && sequence < segment.end) {
      const frame = readFrame(buffer, used, sequence);
      if (frame.kind === "damaged_header") return { kind: "damaged", sequence, offset: offset + used };
      if (frame.kind === "incomplete") {
        if (isLast || offset + used + frame.frameBytes > segment.bytes) {
          return { kind: "torn", sequence, offset: offset + used };
        }
        windowBytes = Math.max(WINDOW_BYTES, frame.frameBytes);
        break;
      }
      const payload = frame.kind === "record" ? frame.payload : undefined;
      const place = { sequence, offset: offset + used };
      if (!visit(place, payload)) return { kind: "whole", ...place };
      used = frame.nextOffset;
      sequence += 1;
    }
    offset += used;
  }
  return { kind: "whole", sequence, offset };
}

export interface SegmentWalk {
  readonly segment: SegmentRange;
  readonly from: SegmentPlace;
  readonly visit: (place: SegmentPlace, payload: Buffer | undefined) => boolean;
}
