import type { DropReason, ExporterSnapshot, ExportFailureReason } from "@mcp-hangar/telemetry";
import { DeliveryQueue } from "../queue/delivery-queue.ts";
import type { RoomPolicy } from "../queue/room.ts";
import type { SendOutcome } from "../queue/send.ts";
import type { QueueLimits } from "../queue/waiting-room.ts";
import type { AppendFailure, AppendResult } from "../spool/append-result.ts";
import { nodeFiles, type SpoolFiles } from "../spool/files.ts";
import { Spool, type SpoolOptions } from "../spool/spool.ts";
import { SpoolForwarder, type SpoolForwarderOptions } from "./spool-forwarder.ts";

export interface SpooledQueueOptions<Entry> extends Omit<SpoolForwarderOptions, "spool" | "consumer"> {
  /** Where records wait for their destination. With `whenFull: "refuse"` new records are dropped once there is no room in memory either. */
  readonly spool: Omit<SpoolOptions, "consumers">;
  /** The bytes of a record. One of which it throws is dropped as `rejected`. */
  readonly encode: (entry: Entry) => Uint8Array;
  /** Bytes that a record counts for while it waits for the disk. */
  readonly sizeOf: (entry: Entry) => number;
  /** How much waits for the disk at most; records beyond it are dropped as `queue_full`. */
  readonly memory: QueueLimits;
  /** Which record is dropped when that is full; without it the one that is offered. */
  readonly room?: RoomPolicy<Entry>;
}

/** The only reader of the spool. */
const CONSUMER = "exporter";
/** Time in which records gather that share a sync, in ms. */
const WRITE_DELAY_MS = 20;
const WRITE_BATCH = { recordsMax: 1_000, bytesMax: 1_000_000, delayMs: WRITE_DELAY_MS };
/** Waits after a write that failed, in ms. */
const WRITE_RETRY = { baseMs: 50, maxMs: 1_000 };

/**
 * A queue whose records wait on the disk: from memory to a spool, and from there to the destination. At every moment each record
 * that was accepted is delivered, dropped for a reason, or queued; what is in the spool is sent after a restart as well.
 */
export class SpooledQueue<Entry> {
  readonly #options: SpooledQueueOptions<Entry>;
  readonly #files: SpoolFiles;
  readonly #intake: DeliveryQueue<Entry>;
  #open: { readonly spool: Spool; readonly forwarder: SpoolForwarder } | undefined;
  /** Records that were in the spool when it was opened. */
  #found = 0;
  /** Records that are written at once. */
  #atOnce = WRITE_BATCH.recordsMax;
  #closing: Promise<void> | undefined;

  constructor(options: SpooledQueueOptions<Entry>, files: SpoolFiles = nodeFiles) {
    this.#options = options;
    this.#files = files;
    this.#intake = new DeliveryQueue({
      exporter: options.exporter,
      signal: options.signal,
      send: (entries) => this.#write(entries),
      sizeOf: options.sizeOf,
      limits: options.memory,
      batch: WRITE_BATCH,
      // A write to the disk cannot be interrupted.
      attemptTimeoutMs: undefined,
      retry: WRITE_RETRY,
      ...(options.room !== undefined && { room: options.room }),
      clock: options.clock,
      random: options.random,
    });
  }

  /** Opens the spool and begins to send. Rejects with why it cannot be used; records that were offered wait until then. */
  async open(): Promise<void> {
    const opening = await Spool.open({ ...this.#options.spool, consumers: [CONSUMER] }, this.#files);
    if (opening.kind === "failed") throw new Error(opening.message);
    const { spool } = opening;
    const forwarder = new SpoolForwarder({ ...this.#options, spool, consumer: CONSUMER });
    this.#found = forwarder.accepted;
    this.#open = { spool, forwarder };
  }

  /** Queues a record and returns at once; false when it is dropped. Never throws; nothing is written on the caller's time. */
  offer(entry: Entry): boolean {
    return this.#intake.offer(entry);
  }

  /** Records offered so far, and those that an earlier process has left in the spool. */
  get accepted(): number {
    return this.#found + this.#intake.offered;
  }

  /** Why the last write or the last attempt failed; `undefined` when both were well. */
  get problem(): string | undefined {
    return this.#intake.problem ?? this.#open?.forwarder.problem;
  }

  /** Its accounts: `accepted` is the sum of what is delivered, dropped and queued. */
  snapshot(): ExporterSnapshot {
    const intake = this.#intake.snapshot();
    const forwarded = this.#open?.forwarder.snapshot();
    if (forwarded === undefined) return { ...intake, delivered: 0 };
    const unwritten = this.#unwritten(intake);
    // At the end, the intake gives up what is being written; what the disk has all the same is in the spool.
    const shutdown = (intake.dropped.shutdown ?? 0) + Math.min(0, unwritten);
    return {
      ...forwarded,
      dropped: sum<DropReason>({ ...intake.dropped, shutdown }, forwarded.dropped),
      failures: sum<ExportFailureReason>(intake.failures, forwarded.failures),
      queueSize: Math.max(0, unwritten) + forwarded.queueSize,
      queueCapacity: intake.queueCapacity + forwarded.queueCapacity,
    };
  }

  /** Sends everything that was offered so far. Resolves to false at the first failed attempt, or after `deadlineMs`. */
  async flush(deadlineMs: number): Promise<boolean> {
    const { clock } = this.#options;
    const untilMs = clock.nowMs() + deadlineMs;
    const isWritten = await this.#intake.flush(deadlineMs);
    return isWritten && (await this.#open?.forwarder.flush(Math.max(0, untilMs - clock.nowMs()))) === true;
  }

  /**
   * Takes no more records, writes those in memory to the disk, and sends until `deadlineMs` have passed. What is in the spool then is
   * still queued, for the next start; what could not be written is dropped as `shutdown`. Every call waits for the first.
   */
  close(deadlineMs: number): Promise<void> {
    this.#closing ??= this.#close(deadlineMs);
    return this.#closing;
  }

  async #close(deadlineMs: number): Promise<void> {
    const { clock } = this.#options;
    const untilMs = clock.nowMs() + deadlineMs;
    // The forwarder does not wait for its next attempt to fall due, so that there may be room for what is in memory.
    await Promise.all([this.#intake.close(deadlineMs), this.#open?.forwarder.flush(deadlineMs)]);
    if (this.#open === undefined) return;
    const { spool, forwarder } = this.#open;
    await forwarder.close(Math.max(0, untilMs - clock.nowMs()));
    // A disk that hangs must not hold the process.
    const { promise: late, resolve } = Promise.withResolvers<void>();
    const cancel = clock.schedule(Math.max(SPOOL_CLOSE_MS, untilMs - clock.nowMs()), resolve);
    await Promise.race([late, forwarder.ended.then(() => spool.close())]);
    cancel();
  }

  /**
   * Records that are in memory only; less than none when the disk has some that were given up. The intake counts a record as delivered a
   * little after the disk has it.
   */
  #unwritten({ queueSize, delivered }: ExporterSnapshot): number {
    const written = (this.#open?.forwarder.accepted ?? 0) - this.#found;
    return queueSize - (written - delivered);
  }

  /**
   * Writes entries in their order. Where the disk takes some no more, those after them wait as well, and fewer are written at once the
   * next time: a disk with little room left takes a part only.
   */
  async #write(entries: readonly Entry[]): Promise<SendOutcome> {
    const spool = this.#open?.spool;
    if (spool === undefined) return { kind: "retry", reason: "io", message: "the spool is not open" };
    const failures: AppendFailure[] = [];
    const retry: number[] = [];
    for (let begin = 0; begin < entries.length && retry.length === 0; ) {
      const part = entries.slice(begin, begin + this.#atOnce);
      const results = await Promise.all(part.map((entry) => this.#append(spool, entry)));
      failures.push(...results.filter((result) => result.kind === "failed"));
      retry.push(...results.flatMap((result, place) => (mayBeWritten(result) ? [begin + place] : [])));
      this.#atOnce = retry.length > 0 ? Math.ceil(part.length / 2) : Math.min(WRITE_BATCH.recordsMax, 2 * this.#atOnce);
      begin += part.length;
      if (retry.length > 0) for (let place = begin; place < entries.length; place++) retry.push(place);
    }
    const [first] = failures;
    if (first === undefined) return { kind: "delivered" };
    const rejected = failures.filter((failure) => !mayBeWritten(failure)).length;
    return { kind: "partial", rejected, retry, reason: rejected > 0 ? "encoding" : "io", message: first.message };
  }

  async #append(spool: Spool, entry: Entry): Promise<AppendResult> {
    let bytes: Uint8Array;
    try {
      bytes = this.#options.encode(entry);
    } catch (error) {
      const message = `a record cannot be encoded: ${error instanceof Error ? error.message : String(error)}`;
      return { kind: "failed", reason: "too_large", message };
    }
    return spool.append(bytes);
  }
}

/** Time that the spool gets to close beyond the deadline of everything, in ms. */
const SPOOL_CLOSE_MS = 100;

/** Whether a record that was not written may be later. */
function mayBeWritten(result: AppendResult): boolean {
  return result.kind === "failed" && result.reason !== "too_large";
}

function sum<Key extends string>(
  one: Readonly<Partial<Record<Key, number>>>,
  other: Readonly<Partial<Record<Key, number>>>,
): Readonly<Partial<Record<Key, number>>> {
  const total: Partial<Record<Key, number>> = { ...one };
  for (const [key, count] of Object.entries<number | undefined>(other)) {
    // It is a key of `other`.
    total[key as Key] = (total[key as Key] ?? 0) + (count ?? 0);
  }
  return total;
}
