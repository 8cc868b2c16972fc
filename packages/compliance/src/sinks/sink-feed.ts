import type { BatchLimits, Clock, RetryLimits, Send } from "@mcp-hangar/delivery";
import type { ExporterSnapshot, ExportSignal, RegisteredName } from "@mcp-hangar/telemetry";
import type { AuditEntry } from "../audit-entry.ts";

/** What a feed needs to send records. */
export interface SinkFeedParts {
  readonly exporter: RegisteredName;
  readonly signal: ExportSignal;
  readonly send: Send<AuditEntry>;
  readonly batch: BatchLimits;
  /** Counts `delayMs` from the batch before: what was kept has gathered already. */
  readonly delaysFromLast: boolean;
  /** Milliseconds an attempt may take. */
  readonly attemptTimeoutMs: number;
  readonly retry: RetryLimits;
  readonly clock: Clock;
  /** Uniform in [0, 1). */
  readonly random: () => number;
}

/**
 * What feeds a sink out of something that keeps records, such as a journal: it reads from a position of the sink's own, and moves it when
 * a batch was delivered or given up. `SpoolForwarder` has its members.
 */
export interface SinkFeed {
  /** Records it has come to know of: each is delivered, dropped or queued. */
  readonly accepted: number;
  /** Why the last attempt did not deliver everything; `undefined` when it did. */
  readonly problem: string | undefined;
  snapshot(): ExporterSnapshot;
  /** Sends everything that is there by now; false at the first failed attempt, or after `deadlineMs`. */
  flush(deadlineMs: number): Promise<boolean>;
  /** Sends until everything is sent or `deadlineMs` have passed, and ends. */
  close(deadlineMs: number): Promise<void>;
}

/** Opens the feed of a sink. Rejects with what is wrong, and what to do. */
export type OpenFeed = (parts: SinkFeedParts) => Promise<SinkFeed>;
