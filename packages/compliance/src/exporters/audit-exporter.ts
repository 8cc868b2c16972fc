import type { AuditRecord, ExporterSnapshot } from "@mcp-hangar/telemetry";
import type { JournalPlace } from "../audit-entry.ts";

/** Writes audit records in one format through one sink, with or without a gateway. */
export interface AuditExporter {
  /** That of its sink. */
  readonly name: string;
  /** Takes a record and returns at once; false when it is dropped, which its accounts say. Never throws. */
  export(record: AuditRecord, place?: JournalPlace): boolean;
  /** Sends everything that was taken so far; false at the first failed attempt, or after `deadlineMs`. */
  flush(deadlineMs: number): Promise<boolean>;
  /** Its accounts: every record that it was given is delivered, dropped for a reason, or queued. */
  snapshot(): ExporterSnapshot;
  /** Takes no more records, sends what waits within the deadline, and closes the sink. What is left then is dropped. */
  close(deadlineMs: number): Promise<void>;
}
