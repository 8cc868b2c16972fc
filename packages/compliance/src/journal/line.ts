import { hash } from "node:crypto";
import { canonicalJson } from "@mcp-hangar/delivery";
import type { AuditRecord } from "@mcp-hangar/telemetry";
import type { AuditEntry, JournalPlace, TextBytes } from "../audit-entry.ts";
import { lineText } from "./line-text.ts";
import { type LineBytes, SinkLine } from "./sink-line.ts";

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

/** A line that was just made. */
export interface MadeLine {
  readonly bytes: Buffer;
  /** What the next line builds on. */
  readonly head: ChainHead;
}

/**
 * The line that a record has after a head. Its entry is remembered for as long as its bytes are held, so that {@link entryOfLine} need not
 * read it.
 * @throws Error when the record cannot be JSON.
 */
export function makeLine(record: AuditRecord, { sequence: last, hash: previous }: ChainHead): MadeLine {
  const sequence = last + 1;
  const line = lineText(record, { sequence, previous });
  const bytes: EntryBytes = Buffer.from(line?.text ?? canonicalJson({ ...record, sequence, previous }));
  const head = { sequence, hash: hashOf(bytes) };
  if (line !== undefined) {
    const { text, previousAt } = line;
    const isAscii = bytes.length === text.length;
    const bytesBefore = isAscii ? previousAt : Buffer.byteLength(text.slice(0, previousAt));
    bytes[ENTRY] = new MadeEntry(record, head, { bytes, previousAt: bytesBefore, isAscii });
  }
  return { bytes, head };
}

/** Where the bytes of a line that this process has made have its entry: a map from one to the other costs as much as making the line. */
const ENTRY = Symbol("entry");
type EntryBytes = Buffer & { [ENTRY]?: AuditEntry };

/** An entry that need not be written as JSON once more. */
class MadeEntry implements AuditEntry {
  readonly record: AuditRecord;
  readonly place: JournalPlace;
  readonly #line: LineBytes;

  constructor(record: AuditRecord, place: JournalPlace, line: LineBytes) {
    this.record = record;
    this.place = place;
    this.#line = line;
  }

  get json(): TextBytes {
    return new SinkLine(this.#line, this.place.hash);
  }
}

/** The hash of a line, by which the next one names it. */
export function hashOf(line: Uint8Array): string {
  return hash("sha256", line, "hex");
}

/** What bytes say as a line; `undefined` when they are none. It says nothing of whether the line stands where it should. */
export function parseLine(bytes: Uint8Array): JournalLine | undefined {
  const fields = fieldsOf(bytes);
  if (fields === undefined) return undefined;
  return { record: recordOf(fields), sequence: fields.sequence, previous: fields.previous };
}

/** The fields of a line as they stand in it: those of the record, and its place among them. */
export type LineFields = AuditRecord & Pick<JournalLine, "sequence" | "previous">;

/**
 * The fields of a line; `undefined` when the bytes are none. For those who look at few of them: to take the record out of them costs as
 * much as to read them.
 */
export function fieldsOf(bytes: Uint8Array): LineFields | undefined {
  let value: unknown;
  try {
    value = JSON.parse(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString());
  } catch {
    return undefined;
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) return undefined;
  const fields = value as Readonly<Record<string, unknown>>;
  return isLine(fields) ? fields : undefined;
}

/** The record of a line, without its place. */
export function recordOf({ sequence: _sequence, previous: _previous, ...record }: LineFields): AuditRecord {
  return record;
}

/** The entry that sinks are handed for a line; `undefined` when the bytes are none. */
export function entryOfLine(bytes: Uint8Array & { readonly [ENTRY]?: AuditEntry }): AuditEntry | undefined {
  const known = bytes[ENTRY];
  if (known !== undefined) return known;
  const line = parseLine(bytes);
  return line && { record: line.record, place: { sequence: line.sequence, hash: hashOf(bytes) } };
}

/** A line of another release may have fields that this one does not know. What every reader needs must be there. */
function isLine(value: Readonly<Record<string, unknown>>): value is Readonly<Record<string, unknown>> & LineFields {
  const { id, time, type, sequence, previous } = value;
  const isPlaced = Number.isSafeInteger(sequence) && typeof previous === "string";
  return isPlaced && typeof id === "string" && typeof time === "string" && typeof type === "string";
}
