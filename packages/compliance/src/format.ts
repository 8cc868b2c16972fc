import type { AuditEntry, TextBytes } from "./audit-entry.ts";

/** Writes audit records in the words of a SIEM system. Pure: the same entry always gives the same text. */
export interface AuditFormat {
  readonly name: string;
  /** The media type of many texts of it in one HTTP body. */
  readonly mediaType: string;
  /** One record as one text without a line break in it, so that no framing can be forged by what a record says. Never throws. */
  encode(entry: AuditEntry): string;
  /** The same text, where it was written already: `undefined` where it was not. Absent where it never is. */
  written?(entry: AuditEntry): TextBytes | undefined;
}
