import { hash } from "node:crypto";
import { canonicalJson } from "@mcp-hangar/delivery";
import type { AuditRecord } from "@mcp-hangar/telemetry";
import type { AuditEntry } from "../audit-entry.ts";

/**
 * A journal is a chain of lines. A line is the record with two more fields, `sequence` and `previous`, as canonical JSON (RFC 8785) in UTF-8
 * without a line break. The hash of a line is the SHA-256 of exactly these bytes, in hexadecimal; `previous` is the hash of the line
 * before, and {@link GENESIS} in the first.
 */
export interface JournalLine {
  readonly record: AuditRecord;
  readonly sequence: number;
  readonly previous: string;
}

/** What the first line has for the hash of a line before. */
export const GENESIS = "0".repeat(64);

/** The last line of a chain: what the next one builds on. */
export interface ChainHead {
  /** 0 before the first. */
  readonly sequence: number;
  readonly hash: string;
}

/** The head of a chain without lines. */
export const EMPTY_CHAIN: ChainHead = { sequence: 0, hash: GENESIS };

/**
 * The bytes of the line that a record has after a head; `sequence` is the next one unless numbers are missing.
 * @throws Error when the record cannot be JSON.
 */
export function lineOf(record: AuditRecord, head: ChainHead): Buffer {
  return Buffer.from(canonicalJson({ ...record, sequence: head.sequence + 1, previous: head.hash }));
}

/** The hash of a line, by which the next one names it. */
export function hashOf(line: Uint8Array): string {
  return hash("sha256", line, "hex");
}

/** What bytes say as a line; `undefined` when they are none. It says nothing of whether the line stands where it should. */
export function parseLine(bytes: Uint8Array): JournalLine | undefined {
  let value: unknown;
  try {
    value = JSON.parse(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString());
  } catch {
    return undefined;
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) return undefined;
  const { sequence, previous, ...record } = value as Readonly<Record<string, unknown>>;
  if (
    !Number.isSafeInteger(sequence) ||
    typeof sequence !== "number" ||
    typeof previous !== "string" ||
    !isRecord(record)
  )
    return undefined;
  return { record, sequence, previous };
}

/** The entry that sinks are handed for a line; `undefined` when the bytes are none. */
export function entryOfLine(bytes: Uint8Array): AuditEntry | undefined {
  const line = parseLine(bytes);
  return line && { record: line.record, place: { sequence: line.sequence, hash: hashOf(bytes) } };
}

/** A line of another release may have fields that this one does not know. What every reader needs must be there. */
function isRecord(value: Readonly<Record<string, unknown>>): value is Readonly<Record<string, unknown>> & AuditRecord {
  const { id, time, type } = value;
  return typeof id === "string" && typeof time === "string" && typeof type === "string";
}
