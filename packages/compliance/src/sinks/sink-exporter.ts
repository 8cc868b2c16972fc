import {
  type BatchLimits,
  type Clock,
  DeliveryQueue,
  type QueueLimits,
  type RetryLimits,
  type Send,
  TalkativeOrigins,
} from "@mcp-hangar/delivery";
import {
  type AuditRecord,
  auditOriginOf,
  auditRecordBytes,
  type EventListener,
  type Exporter,
  type ExporterHealth,
  type ExporterSnapshot,
  type HangarEvent,
  registeredName,
} from "@mcp-hangar/telemetry";
import type { AuditEntry } from "../audit-entry.ts";
import type { AuditFormat } from "../format.ts";
import type { AuditSink } from "../sink.ts";
import { type RecordFilter, recordFilter } from "./record-filter.ts";
import { sendRecords } from "./send-records.ts";
import type { OpenFeed, SinkFeed, SinkFeedParts } from "./sink-feed.ts";

export interface SinkExporterOptions {
  readonly sink: AuditSink;
  readonly format: AuditFormat;
  /** Which records the sink gets; all without it. */
  readonly filter?: RecordFilter;
  /** Where its records come from: the bus or `offer`, by way of a queue in memory, or something that keeps them. */
  readonly source: BusSource | OfferSource | FeedSource;
  readonly batch?: BatchLimits;
  /** Milliseconds an attempt may take. */
  readonly attemptTimeoutMs?: number;
  readonly retry?: RetryLimits;
  /** Told why records do not arrive when that begins, and `undefined` when they do again. */
  readonly onProblem?: (problem: string | undefined) => void;
  readonly clock: Clock;
  /** Uniform in [0, 1). */
  readonly random: () => number;
}

/** Records wait in memory, and are lost with the process. */
export interface BusSource {
  readonly kind: "bus";
  /** The record of an event (`auditRecords`); `undefined` when there is none. */
  readonly recordOf: (event: HangarEvent) => AuditRecord | undefined;
  readonly limits?: QueueLimits;
}

/** Records are given to `offer`, wait in memory, and are lost with the process. */
export interface OfferSource {
  readonly kind: "offer";
  readonly limits?: QueueLimits;
}

/** Records wait in a journal or a spool. */
export interface FeedSource {
  readonly kind: "feed";
  readonly open: OpenFeed;
}

/** How much waits in memory for one sink. */
const MEMORY: QueueLimits = { recordsMax: 20_000, bytesMax: 64_000_000 };
/** Encoding a batch holds the event loop for some milliseconds. */
const BATCH: BatchLimits = { recordsMax: 256, bytesMax: 500_000, delayMs: 1_000 };
const ATTEMPT_TIMEOUT_MS = 30_000;
/** Without an end: what waits is of use however late it comes. */
const RETRY: RetryLimits = { baseMs: 500, maxMs: 30_000 };
/** Milliseconds that a sink gets to let go of what it holds, beyond the deadline of everything. */
const SINK_CLOSE_MS = 2_000;

/**
 * Sends audit records through one sink: those that its filter lets pass, in its format, with bounds and accounts of its own, so that
 * sinks never hold each other up. Nothing is encoded or written on the time of those who act.
 */
export class SinkExporter implements Exporter {
  readonly name: string;
  readonly signal = "audit";
  /** Listens on the telemetry bus; absent when the records come from elsewhere. */
  readonly listener?: EventListener;
  readonly #options: SinkExporterOptions;
  readonly #parts: SinkFeedParts;
  readonly #accepts: (record: AuditRecord) => boolean;
  readonly #queue: DeliveryQueue<AuditEntry> | undefined;
  #feed: SinkFeed | undefined;
  #hasToldOfProblem = false;

  /** @throws RangeError when the filter would let nothing pass. */
  constructor(options: SinkExporterOptions) {
    this.#options = options;
    const { sink, format, filter = {}, source, clock, random } = options;
    this.name = sink.name;
    const accepts = recordFilter(filter);
    this.#accepts = accepts;
    const isFed = source.kind === "feed";
    const send = sendRecords({ sink, format, ...(isFed && { accepts }) });
    this.#parts = {
      exporter: registeredName(sink.name),
      signal: this.signal,
      send: (entries, signal) => this.#send(send, entries, signal),
      batch: options.batch ?? { ...BATCH, delayMs: sink.gatherMs ?? BATCH.delayMs },
      delaysFromLast: options.batch === undefined && sink.gatherMs !== undefined,
      attemptTimeoutMs: options.attemptTimeoutMs ?? ATTEMPT_TIMEOUT_MS,
      retry: options.retry ?? RETRY,
      clock,
      random,
    };
    if (source.kind === "feed") return;
    const queue = new DeliveryQueue<AuditEntry>({
      ...this.#parts,
      sizeOf: ({ record }) => auditRecordBytes(record),
      limits: source.limits ?? MEMORY,
      room: new TalkativeOrigins(({ record }) => auditOriginOf(record)),
    });
    this.#queue = queue;
    if (source.kind === "offer") return;
    this.listener = (event) => {
      const record = source.recordOf(event);
      if (record !== undefined && accepts(record)) queue.offer({ record });
    };
  }

  /** Opens what feeds the sink. Rejects with what is wrong, and what to do. */
  async open(): Promise<void> {
    const { source } = this.#options;
    if (source.kind === "feed") this.#feed = await source.open(this.#parts);
  }

  /** Takes a record of an `offer` source; false when the filter keeps it back or it is dropped, which the accounts say. Never throws. */
  offer(entry: AuditEntry): boolean {
    return this.#accepts(entry.record) && (this.#queue?.offer(entry) ?? false);
  }

  /** Records that were accepted: each is delivered, dropped for a reason, or queued. */
  get accepted(): number {
    return this.#queue?.offered ?? this.#feed?.accepted ?? 0;
  }

  /** Its accounts. What the filter keeps back was never accepted by a queue in memory; a feed counts it as delivered. */
  snapshot(): ExporterSnapshot {
    return (this.#queue ?? this.#feed)?.snapshot() ?? this.#unopened();
  }

  /** A receiver that is away keeps nobody from calling: records wait. Those who probe need not learn where. */
  health(): ExporterHealth {
    if ((this.#queue ?? this.#feed)?.problem === undefined) return { status: "healthy" };
    const message = `audit records wait, because the receiver of "${this.name}" does not take them; the log and the metrics say why`;
    return { status: "degraded", message };
  }

  /** Sends everything that was accepted so far; false at the first failed attempt, or after `deadlineMs`. */
  async flush(deadlineMs: number): Promise<boolean> {
    return (await (this.#queue ?? this.#feed)?.flush(deadlineMs)) ?? true;
  }

  /** Sends what waits within the deadline, and closes the sink. What is left in memory then is lost and counted; a feed keeps it. */
  async close(deadlineMs: number): Promise<void> {
    const { sink, clock } = this.#options;
    await (this.#queue ?? this.#feed)?.close(deadlineMs);
    const { promise: late, resolve } = Promise.withResolvers<void>();
    const cancel = clock.schedule(SINK_CLOSE_MS, resolve);
    await Promise.race([late, sink.close()]);
    cancel();
  }

  async #send(
    send: Send<AuditEntry>,
    entries: readonly AuditEntry[],
    signal: AbortSignal,
  ): ReturnType<Send<AuditEntry>> {
    // What the attempt before this one came to: of one that has thrown or taken too long, only the queue knows.
    const problem = (this.#queue ?? this.#feed)?.problem;
    if (problem !== undefined) this.#tell(problem);
    const outcome = await send(entries, signal);
    if (signal.aborted) return outcome;
    if (outcome.kind === "delivered") this.#tell(undefined);
    else if (outcome.message !== undefined) this.#tell(outcome.message);
    return outcome;
  }

  #tell(problem: string | undefined): void {
    const isProblem = problem !== undefined;
    if (isProblem === this.#hasToldOfProblem) return;
    this.#hasToldOfProblem = isProblem;
    this.#options.onProblem?.(problem);
  }

  #unopened(): ExporterSnapshot {
    const { exporter, signal } = this.#parts;
    const none = { delivered: 0, dropped: {}, failures: {}, queueSize: 0, queueCapacity: 0 };
    return { exporter, signal, ...none, lastSuccessSeconds: undefined };
  }
}
