import type { AuditRecord } from "@mcp-hangar/telemetry";

/** Where a record stands in the journal of a gateway: what proves that nothing is missing before it. */
export interface JournalPlace {
  /** Counts the records of one instance, from 1, without a gap. */
  readonly sequence: number;
  /** SHA-256 of the record and of everything before it, 64 hexadecimal digits. */
  readonly hash: string;
}

/** An audit record on its way out. */
export interface AuditEntry {
  readonly record: AuditRecord;
  /** Absent where no journal is kept. */
  readonly place?: JournalPlace;
  /** Record and place as one JSON object in one line, where they were written already. */
  readonly json?: TextBytes;
}

/** A text that was written already: its bytes in UTF-8 can be had without the text, and the text by `toString`. */
export interface TextBytes {
  /** Bytes that it has. */
  readonly length: number;
  /** Whether it is ASCII without control characters. */
  readonly isPlain: boolean;
  /** Writes them to a place of a buffer, which has room for them. */
  copyTo(target: Buffer, at: number): void;
  toString(): string;
}
