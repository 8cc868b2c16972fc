import type { Send } from "@mcp-hangar/delivery";
import type { AuditEntry, TextBytes } from "./audit-entry.ts";

/** A record with its text in the format of the sink, as the queue in front of the sink holds it. */
export interface SinkEntry extends AuditEntry {
  readonly text: string;
  /** The text as bytes, where it was written already; to ask for `text` then costs more. */
  readonly bytes?: TextBytes;
}

/** Where audit records go. What waits, is tried again and is counted is the queue's business; a sink only carries batches. */
export interface AuditSink {
  /** The exporter's name in metrics and configuration. */
  readonly name: string;
  /** Whether `delivered` means that the receiver has said so, and not only that bytes were written. */
  readonly acknowledged: boolean;
  /** Milliseconds for which records gather, where that is less than what suits a receiver over a network. */
  readonly gatherMs?: number;
  /** Carries a batch in its order. Never rejects. */
  readonly send: Send<SinkEntry>;
  /** Lets go of files and connections. Never rejects. */
  close(): Promise<void>;
}
