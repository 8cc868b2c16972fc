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

/** The header of a record. */
export function frameHeader(sequence: number, payload: Uint8Array): Buffer {
  const header = Buffer.allocUnsafe(HEADER_BYTES);
  header.writeUInt32LE(payload.length, 0);
  header.writeUInt32LE(crc32(payload), 4);
  header.writeUInt32LE(headerChecksum(header, 0, sequence), 8);
  return header;
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

function headerChecksum(buffer: Buffer, offset: number, sequence: number): number {
  const salt = Buffer.allocUnsafe(8);
  salt.writeBigUInt64LE(BigInt(sequence));
  return crc32(buffer.subarray(offset, offset + 8), crc32(salt));
}
