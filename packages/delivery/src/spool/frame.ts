import { crc32 } from "node:zlib";

/**
 * A record in a segment: length, checksum of the payload and checksum of the header, 32 bits each and little-endian, then
 * the payload. The checksum of the header covers the record's sequence number, which is not written: a frame that stands
 * anywhere but in its place is none.
 */
export const HEADER_BYTES = 12;

/** What stands at a place of a segment. Offsets are of the buffer, in bytes. */
export type Frame =
  | { readonly kind: "record"; readonly payload: Buffer; readonly nextOffset: number }
  /** The header is right and the payload is not: one record is lost, and the next one is found. */
  | { readonly kind: "damaged_record"; readonly nextOffset: number }
  /** Where the next frame begins cannot be known. */
  | { readonly kind: "damaged_header" }
  /** The buffer ends before the frame does. */
  | { readonly kind: "incomplete"; readonly frameBytes: number };

/** The frames of records in one piece; `sequence` is the number of the first. */
export function framesOf(sequence: number, payloads: readonly Uint8Array[]): Buffer {
  const frames = Buffer.allocUnsafe(payloads.reduce((sum, { length }) => sum + HEADER_BYTES + length, 0));
  let at = 0;
  for (const [place, payload] of payloads.entries()) {
    frames.writeUInt32LE(payload.length, at);
    frames.writeUInt32LE(crc32(payload), at + 4);
    frames.writeUInt32LE(headerChecksum(frames, at, sequence + place), at + 8);
    frames.set(payload, at + HEADER_BYTES);
    at += HEADER_BYTES + payload.length;
  }
  return frames;
}

/** Reads the frame of a record at an offset. Any bytes will do: what is no frame is said to be none. */
export function readFrame(buffer: Buffer, offset: number, sequence: number): Frame {
  const restBytes = buffer.length - offset;
  if (restBytes < HEADER_BYTES) return { kind: "incomplete", frameBytes: HEADER_BYTES };
  if (buffer.readUInt32LE(offset + 8) !== headerChecksum(buffer, offset, sequence)) return { kind: "damaged_header" };
  const frameBytes = HEADER_BYTES + buffer.readUInt32LE(offset);
  if (restBytes < frameBytes) return { kind: "incomplete", frameBytes };
  const nextOffset = offset + frameBytes;
  const payload = buffer.subarray(offset + HEADER_BYTES, nextOffset);
  if (crc32(payload) !== buffer.readUInt32LE(offset + 4)) return { kind: "damaged_record", nextOffset };
  return { kind: "record", payload, nextOffset };
}

/** The sequence number in 64 bits, and length and checksum of a payload. */
const summed = Buffer.alloc(16);

function headerChecksum(buffer: Buffer, offset: number, sequence: number): number {
  summed.writeUInt32LE(sequence % 0x1_0000_0000, 0);
  summed.writeUInt32LE(Math.floor(sequence / 0x1_0000_0000), 4);
  buffer.copy(summed, 8, offset, offset + 8);
  return crc32(summed);
}
