import type { ExporterSnapshot, ExportSignal, RegisteredName } from "@mcp-hangar/telemetry";
import type { CancelTimer } from "../clock.ts";
import { Accounts } from "../queue/accounts.ts";
import { type Batch, halvesOf, newBatch } from "../queue/batch.ts";
import { Flushes } from "../queue/flushes.ts";
import type { BatchLimits } from "../queue/options.ts";
import type { Waiting } from "../queue/room.ts";
import type { SendOutcome } from "../queue/send.ts";
import { Sender, type SenderOptions } from "../queue/sender.ts";
import type { Cursor } from "../spool/cursor.ts";
import type { SpoolItem } from "../spool/segment-reader.ts";
import type { Spool } from "../spool/spool.ts";

export interface SpoolForwarderOptions extends SenderOptions<Buffer> {
  /** The name of the exporter in its snapshot. */
  readonly exporter: RegisteredName;
  /** What its records are, in its snapshot. */
  readonly signal: ExportSignal;
  readonly spool: Spool;
  /** Whose position in the spool moves; one of the consumers that the spool was opened with. */
  readonly consumer: string;
  /** How much is read and sent at once, and for how long the first record waits for others. */
  readonly batch: BatchLimits;
  /**
   * Counts `delayMs` from the batch before, so that what comes after a rest is sent at once; for records that have gathered already, and
   * cost memory while they wait once more. Without it `delayMs` is counted from the first record that waits.
   */
  readonly delaysFromLast?: boolean;
  /**
   * Milliseconds in which the position is written once at most, unless somebody waits for it: what was sent since comes again after a
   * crash. Without it the position is written after each batch.
   */
  readonly positionEveryMs?: number;
}

/**
 * Sends what a spool holds to one destination, in its order and one batch at a time. The position moves when a whole batch was
 * delivered or given up, so that what was not comes again after a crash or a restart: each record at least once. A batch that is
 * refused for good is divided until the records that are refused stand alone. Several forwarders may read one spool, each with a
 * consumer of its own.
 */
export class SpoolForwarder {
  readonly #options: SpoolForwarderOptions;
  readonly #cursor: Cursor;
  readonly #accounts = new Accounts(["queue_full", "rejected", "retries_exhausted", "damaged"]);
  readonly #sender: Sender<Buffer>;
  readonly #flushes = new Flushes();
  /** Where it began. */
  readonly #start: number;
  /** Sequence number after the last item that was read. */
  #readEnd: number;
  /** Records that were read and are neither delivered nor given up. */
  #held = 0;
  /** Sequence number up to which everything is done with, and the position written if it could be. */
  #doneUntil: number;
  /** When the last batch was begun, by the monotonic clock. */
  #begunMs = Number.NEGATIVE_INFINITY;
  /** When the position was written last, by the monotonic clock. */
  #writtenMs = Number.NEGATIVE_INFINITY;
  #cancelWriting: CancelTimer | undefined;
  /** How many wait for what is in the spool now. */
  #hurried = 0;
  #closing: Promise<void> | undefined;
  readonly #closed = new AbortController();
  /** Resolves after `close`, when nothing is read, sent or written any more; later than `close` only while the disk is busy. */
  readonly ended: Promise<void>;

  constructor(options: SpoolForwarderOptions) {
    this.#options = options;
    this.#cursor = options.spool.cursor(options.consumer);
    this.#sender = new Sender(options, this.#accounts);
    this.#start = this.#cursor.position;
    this.#readEnd = this.#start;
    this.#doneUntil = this.#start;
    this.ended = this.#run();
  }

  /** Records that were found at the start or appended since, lost ones included: each is delivered, dropped or queued. */
  get accepted(): number {
    return this.#cursor.end - this.#start;
  }

  /** Why the last attempt did not deliver everything; `undefined` when it did. */
  get problem(): string | undefined {
    return this.#sender.problem;
  }

  /** Its accounts. What is queued is in the spool, and stays there until it is delivered or given up. */
  snapshot(): ExporterSnapshot {
    const { exporter, signal, spool } = this.#options;
    const { dropped } = this.#accounts;
    const queueSize = this.#cursor.end - this.#readEnd - this.#lostAhead + this.#held;
    const { bytes, bytesMax } = spool.snapshot();
    return {
      exporter,
      signal,
      delivered: this.#accounts.delivered,
      // What the spool has dropped is lost at once, not only when the forwarder comes to where it was.
      dropped: { ...dropped, queue_full: dropped.queue_full + this.#lostAhead },
      failures: this.#accounts.failures,
      queueSize,
      queueCapacity: capacityOf(queueSize, bytes, bytesMax),
      lastSuccessSeconds: this.#sender.lastSuccessSeconds,
    };
  }

  /** Sends everything that is in the spool by now at once. Resolves to false at the first failed attempt, or after `deadlineMs`. */
  flush(deadlineMs: number): Promise<boolean> {
    return this.#hurry(deadlineMs, true);
  }

  /**
   * Sends what is in the spool, trying again until `deadlineMs` have passed, and ends. What is left stays in the spool for the next
   * start. Every call waits for the first.
   */
  close(deadlineMs: number): Promise<void> {
    this.#closing ??= this.#hurry(deadlineMs, false).then(() => {
      this.#closed.abort();
      this.#sender.abandon();
      // Nobody is made to wait for what stays.
      this.#flushes.fail();
    });
    return this.#closing;
  }

  /** Records after those that were read that the spool does not have any more. */
  get #lostAhead(): number {
    return Math.max(0, this.#cursor.oldest - this.#readEnd);
  }

  async #run(): Promise<void> {
    const { spool, consumer } = this.#options;
    while (await spool.readable(consumer, this.#closed.signal)) {
      await this.#gather();
      if (!this.#isClosed) await this.#forward();
    }
    if (this.#cursor.durablePosition !== this.#cursor.position) await this.#writePosition();
  }

  get #isClosed(): boolean {
    return this.#closed.signal.aborted;
  }

  /** Waits for a batch to fill, unless somebody waits for it. */
  async #gather(): Promise<void> {
    const { batch, clock, delaysFromLast = false } = this.#options;
    const restMs = delaysFromLast ? this.#begunMs + batch.delayMs - clock.nowMs() : batch.delayMs;
    const isDue = this.#cursor.end - this.#cursor.position >= batch.recordsMax || this.#hurried > 0 || restMs <= 0;
    await this.#sender.pause(isDue ? undefined : restMs);
  }

  /** Reads the next records and sends them until each is delivered or given up; then moves the position. */
  async #forward(): Promise<void> {
    this.#begunMs = this.#options.clock.nowMs();
    const read = await this.#cursor.read(this.#options.batch);
    if (this.#isClosed) return;
    if (read.kind === "failed") return this.#pauseAfter(`the spool cannot be read: ${read.message}`);
    const rest = await this.#send(this.#take(read.items));
    await this.#commit(rest[0]?.waiting[0]?.number ?? this.#readEnd);
  }

  /** Sends batches until all are done with, or it is closed; returns those that are left then. */
  async #send(all: readonly Batch<Buffer>[]): Promise<readonly Batch<Buffer>[]> {
    let batches = all;
    for (let batch = batches[0]; batch !== undefined && !this.#isClosed; batch = batches[0]) {
      const outcome = await this.#sender.attempt(batch);
      if (outcome.kind === "abandoned") break;
      const { rest, pauseMs } = this.#settle(batch, outcome);
      batches = [...rest, ...batches.slice(1)];
      await this.#sender.pause(pauseMs);
    }
    return batches;
  }

  /** Moves the position to the first item that is not done with. */
  async #commit(end: number): Promise<void> {
    this.#cursor.pass(end - 1);
    const { clock, positionEveryMs = 0 } = this.#options;
    const restMs = this.#writtenMs + positionEveryMs - clock.nowMs();
    if (restMs <= 0 || this.#hurried > 0) await this.#writePosition();
    else this.#cancelWriting ??= clock.schedule(restMs, () => void this.#writePosition());
    this.#doneUntil = end;
    this.#flushes.progress(end);
  }

  async #writePosition(): Promise<void> {
    this.#cancelWriting?.();
    this.#cancelWriting = undefined;
    this.#writtenMs = this.#options.clock.nowMs();
    const committed = await this.#cursor.commit(this.#cursor.position - 1);
    // The position holds while the process runs; what follows it comes again after a crash.
    if (committed.kind === "failed") this.#sender.fail("io", `the position cannot be written: ${committed.message}`);
  }

  /** Enters what was read into the accounts; returns the records to send, if there are any. */
  #take(items: readonly SpoolItem[]): readonly Batch<Buffer>[] {
    const { oldest } = this.#cursor;
    const begin = this.#readEnd;
    // What the spool has dropped meanwhile was counted as lost already, although it was read.
    const kept = items.flatMap((item) => (item.kind === "record" && item.sequence >= oldest ? [item] : []));
    const last = items.at(-1);
    if (last !== undefined) this.#readEnd = last.kind === "record" ? last.sequence + 1 : last.to + 1;
    const dropped = Math.max(0, Math.min(oldest, this.#readEnd) - begin);
    this.#accounts.drop("queue_full", dropped);
    this.#accounts.drop("damaged", this.#readEnd - begin - dropped - kept.length);
    this.#held = kept.length;
    const waiting = kept.map(({ payload, sequence }) => ({ entry: payload, bytes: payload.length, number: sequence }));
    return waiting.length === 0 ? [] : [this.#batchOf(waiting)];
  }

  /** Enters what became of a batch; what is left to send of it comes first. */
  #settle(batch: Batch<Buffer>, outcome: SendOutcome) {
    const { waiting } = batch;
    if (outcome.kind === "rejected" && waiting.length > 1) {
      // One record that is refused must not take others with it.
      this.#sender.fail("rejected", outcome.message);
      return { rest: halvesOf(batch, this.#options.clock.nowMs()), pauseMs: undefined };
    }
    const { gone, rest, pauseMs } = this.#sender.settle(batch, outcome);
    this.#held -= gone.length;
    if (pauseMs !== undefined) this.#flushes.fail();
    return { rest: rest === undefined ? [] : [rest], pauseMs };
  }

  #batchOf(waiting: readonly Waiting<Buffer>[]): Batch<Buffer> {
    return newBatch(waiting, this.#options.clock.nowMs());
  }

  async #pauseAfter(problem: string): Promise<void> {
    this.#sender.fail("io", problem);
    this.#flushes.fail();
    await this.#sender.pause(this.#sender.backOffMs());
  }

  async #hurry(deadlineMs: number, endsAtFailure: boolean): Promise<boolean> {
    const until = this.#cursor.end - 1;
    if (this.#doneUntil > until) return true;
    const { done, end } = this.#flushes.add(until, endsAtFailure);
    const cancel = this.#options.clock.schedule(deadlineMs, end);
    this.#hurried += 1;
    this.#sender.hurry();
    const isDone = await done;
    this.#hurried -= 1;
    cancel();
    return isDone;
  }
}

/** Bytes of a record, for the capacity of a spool that is empty. */
const USUAL_RECORD_BYTES = 1_000;

/** How many records a spool holds when it is full, if all are as large as those in it, so that size and capacity tell how full it is. */
function capacityOf(records: number, bytes: number, bytesMax: number): number {
  if (records === 0 || bytes === 0) return Math.floor(bytesMax / USUAL_RECORD_BYTES);
  return Math.max(records, Math.floor((records * bytesMax) / bytes));
}
