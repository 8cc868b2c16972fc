import {
  type BatchLimits,
  type Clock,
  DeliveryQueue,
  type QueueLimits,
  type RetryLimits,
  type Send,
} from "@mcp-hangar/delivery";
import { type AuditRecord, type ExporterSnapshot, registeredName } from "@mcp-hangar/telemetry";
import type { AuditEntry, JournalPlace } from "../audit-entry.ts";
import type { AuditFormat } from "../format.ts";
import type { AuditSink, SinkEntry } from "../sink.ts";
import type { AuditExporter } from "./audit-exporter.ts";

/** What every exporter needs, whatever its format. */
export interface AuditExporterOptions {
  /** Where the records go. */
  readonly sink: AuditSink;
  /** How many records and bytes wait in memory. */
  readonly limits?: QueueLimits;
  readonly batch?: BatchLimits;
  /** Milliseconds an attempt may take. */
  readonly attemptTimeoutMs?: number;
  readonly retry?: RetryLimits;
  readonly clock: Clock;
  /** Uniform in [0, 1). */
  readonly random: () => number;
}

const LIMITS: QueueLimits = { recordsMax: 20_000, bytesMax: 64_000_000 };
/** Encoding a batch holds the event loop for some milliseconds. */
const BATCH: BatchLimits = { recordsMax: 256, bytesMax: 500_000, delayMs: 1_000 };
const ATTEMPT_TIMEOUT_MS = 30_000;
const RETRY: RetryLimits = { baseMs: 500, maxMs: 30_000 };

/** An exporter for any format: a bounded queue before a sink. Records are encoded when they leave, and not on the caller's time. */
export class FormatExporter implements AuditExporter {
  readonly name: string;
  readonly #sink: AuditSink;
  readonly #queue: DeliveryQueue<AuditEntry>;

  constructor(format: AuditFormat, { sink, ...options }: AuditExporterOptions) {
    this.name = sink.name;
    this.#sink = sink;
    this.#queue = new DeliveryQueue({
      limits: LIMITS,
      batch: BATCH,
      attemptTimeoutMs: ATTEMPT_TIMEOUT_MS,
      retry: RETRY,
      ...options,
      exporter: registeredName(sink.name),
      signal: "audit",
      send: encoding(format, sink),
      sizeOf: roughSizeOf,
    });
  }

  export(record: AuditRecord, place?: JournalPlace): boolean {
    return this.#queue.offer({ record, ...(place !== undefined && { place }) });
  }

  flush(deadlineMs: number): Promise<boolean> {
    return this.#queue.flush(deadlineMs);
  }

  snapshot(): ExporterSnapshot {
    return this.#queue.snapshot();
  }

  async close(deadlineMs: number): Promise<void> {
    await this.#queue.close(deadlineMs);
    await this.#sink.close();
  }
}

/** Encodes a batch once, however often it is tried: the queue hands the same array to every attempt. */
function encoding(format: AuditFormat, sink: AuditSink): Send<AuditEntry> {
  const encoded = new WeakMap<readonly AuditEntry[], readonly SinkEntry[]>();
  return (batch, signal) => {
    const entries = encoded.get(batch) ?? batch.map((entry) => ({ ...entry, text: format.encode(entry) }));
    encoded.set(batch, entries);
    return sink.send(entries, signal);
  };
}

/** Bytes that a record takes in memory, roughly: texts of any length count, everything else is about as large in each. */
function roughSizeOf({ record: { message = "", change } }: AuditEntry): number {
  return 1_500 + message.length + (change?.before?.length ?? 0) + (change?.after?.length ?? 0);
}
