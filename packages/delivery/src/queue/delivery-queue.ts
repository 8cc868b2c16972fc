import type { ExporterSnapshot } from "@mcp-hangar/telemetry";
import type { CancelTimer } from "../clock.ts";
import { Accounts, QUEUE_DROP_REASONS } from "./accounts.ts";
import { type Batch, halvesOf, isTooLarge, newBatch } from "./batch.ts";
import { Flushes } from "./flushes.ts";
import type { DeliveryQueueOptions } from "./options.ts";
import type { Waiting } from "./room.ts";
import type { SendOutcome } from "./send.ts";
import { Sender } from "./sender.ts";
import { WaitingRoom } from "./waiting-room.ts";

/**
 * A bounded queue between those who have records and a destination that may be slow, down or gone. Records leave in their
 * order, one batch at a time. Each one that was offered is at every moment delivered, dropped for a reason, or queued.
 */
export class DeliveryQueue<Entry> {
  readonly #options: DeliveryQueueOptions<Entry>;
  readonly #accounts = new Accounts(QUEUE_DROP_REASONS);
  readonly #room: WaitingRoom<Entry>;
  readonly #sender: Sender<Entry>;
  readonly #flushes = new Flushes();
  #batch: Batch<Entry> | undefined;
  /** The rest of a batch that was refused and divided; it comes before everything else that waits. */
  #divided: readonly Batch<Entry>[] = [];
  #running = false;
  #closing: Promise<void> | undefined;
  #cancelTimer: CancelTimer | undefined;

  constructor(options: DeliveryQueueOptions<Entry>) {
    this.#options = options;
    this.#room = new WaitingRoom(options.limits, options.room, this.#accounts);
    this.#sender = new Sender(options, this.#accounts);
  }

  /** Queues a record and returns at once; false when it is dropped. Never throws; nothing is sent on the caller's time. */
  offer(entry: Entry): boolean {
    this.#accounts.offer();
    if (this.#closing !== undefined) {
      this.#accounts.drop("shutdown", 1);
      return false;
    }
    const bytes = this.#sizeOf(entry);
    if (bytes === undefined) {
      this.#accounts.drop("rejected", 1);
      return false;
    }
    if (!this.#room.add(entry, bytes)) return false;
    this.#arrange();
    return true;
  }

  /** Records offered so far: delivered, dropped and queued ones. */
  get offered(): number {
    return this.#accounts.offered;
  }

  /** Records that wait or are being sent. */
  get queuedRecords(): number {
    return this.#room.records;
  }

  /** Bytes that wait or are being sent, by `sizeOf`. */
  get queuedBytes(): number {
    return this.#room.bytes;
  }

  /** Why the last attempt did not deliver everything; `undefined` when it did. */
  get problem(): string | undefined {
    return this.#sender.problem;
  }

  /** The health of the exporter, for metrics. */
  snapshot(): ExporterSnapshot {
    return {
      exporter: this.#options.exporter,
      signal: this.#options.signal,
      delivered: this.#accounts.delivered,
      dropped: this.#accounts.dropped,
      failures: this.#accounts.failures,
      queueSize: this.#room.records,
      queueCapacity: this.#options.limits.recordsMax,
      lastSuccessSeconds: this.#sender.lastSuccessSeconds,
    };
  }

  /**
   * Sends everything offered so far, without waiting for batches to fill or for the next attempt to fall due. Resolves to
   * whether none of it is queued any more: to false at the first failed attempt, or after `deadlineMs`.
   */
  flush(deadlineMs: number): Promise<boolean> {
    return this.#hurry(deadlineMs, true);
  }

  /**
   * Takes no more records and sends those that wait, trying again until `deadlineMs` have passed. What is left then is
   * dropped as `shutdown`, also what is being sent: nobody knows whether it arrives. Every call waits for the first.
   */
  close(deadlineMs: number): Promise<void> {
    this.#closing ??= this.#hurry(deadlineMs, false).then(() => this.#abandon());
    return this.#closing;
  }

  /**
   * Hands everything that waits to `write` and counts it as delivered, for a process that ends now. A batch that is being
   * sent stays out of it. If `write` throws, the records are dropped as `shutdown`, and the exception passes through.
   */
  handOver(write: (entries: readonly Entry[]) => void): void {
    const taken = this.#takeAll();
    try {
      write(taken.map(({ entry }) => entry));
      this.#accounts.deliver(taken.length);
    } catch (error) {
      this.#accounts.drop("shutdown", taken.length);
      throw error;
    } finally {
      this.#flushes.progress(this.#oldest());
    }
  }

  #sizeOf(entry: Entry): number | undefined {
    try {
      const bytes = this.#options.sizeOf(entry);
      // A record larger than the queue would never find room.
      return bytes >= 0 && bytes <= this.#options.limits.bytesMax ? bytes : undefined;
    } catch {
      return undefined;
    }
  }

  /** Sees to it that what waits is sent in time. A loop that runs sees to it itself. */
  #arrange(): void {
    if (this.#running || this.#room.isEmpty) return;
    if (this.#room.fills(this.#options.batch)) this.#start();
    else this.#cancelTimer ??= this.#options.clock.schedule(this.#options.batch.delayMs, () => this.#start());
  }

  /** Starts to send in the next turn of the event loop: the caller's own goes to the caller. */
  #start(): void {
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
    if (this.#running) return;
    this.#running = true;
    this.#options.clock.defer(() => void this.#run());
  }

  /** Sends one batch, and more while they are full or somebody waits for them: else the timer gathers the next. */
  async #run(): Promise<void> {
    do await this.#sendNext();
    while (this.#batch !== undefined || this.#isDue());
    this.#running = false;
    this.#arrange();
  }

  #isDue(): boolean {
    return !this.#room.isEmpty && (this.#flushes.isAny || this.#room.fills(this.#options.batch));
  }

  async #sendNext(): Promise<void> {
    const { batch: limits, clock } = this.#options;
    this.#batch ??= this.#room.isEmpty ? undefined : newBatch(this.#room.take(limits), clock.nowMs());
    const batch = this.#batch;
    // Everything may have been handed over, or given up when the queue closed.
    if (batch === undefined) return;
    const outcome = await this.#sender.attempt(batch);
    if (outcome.kind === "abandoned" || batch !== this.#batch) return;
    await this.#sender.pause(this.#settle(outcome, batch));
  }

  #nextDivided(): Batch<Entry> | undefined {
    const [next, ...rest] = this.#divided;
    this.#divided = rest;
    return next;
  }

  /** Enters what became of a batch; returns for how many milliseconds the receiver is to be left alone. */
  #settle(outcome: SendOutcome, batch: Batch<Entry>): number | undefined {
    const { dividesRefused = false, clock } = this.#options;
    const mayBeTaken = dividesRefused || isTooLarge(batch, outcome);
    if (mayBeTaken && outcome.kind === "rejected" && batch.waiting.length > 1) {
      this.#sender.fail("rejected", outcome.message);
      const [first, second] = halvesOf(batch, clock.nowMs());
      this.#batch = first;
      this.#divided = [second, ...this.#divided];
      return undefined;
    }
    const { gone, rest, pauseMs } = this.#sender.settle(batch, outcome);
    this.#room.release(gone);
    this.#batch = rest ?? this.#nextDivided();
    this.#flushes.progress(this.#oldest());
    if (pauseMs !== undefined) this.#flushes.fail();
    return pauseMs;
  }

  async #hurry(deadlineMs: number, endsAtFailure: boolean): Promise<boolean> {
    const until = this.#room.lastNumber;
    if (this.#oldest() > until) return true;
    const { done, end } = this.#flushes.add(until, endsAtFailure);
    const cancel = this.#options.clock.schedule(deadlineMs, end);
    this.#sender.hurry();
    this.#start();
    const isDone = await done;
    cancel();
    return isDone;
  }

  /** Number of the oldest record that is queued. */
  #oldest(): number {
    return this.#batch?.waiting[0]?.number ?? this.#room.firstNumber ?? Number.POSITIVE_INFINITY;
  }

  #abandon(): void {
    const taken = this.#takeAll();
    const batches = this.#batch === undefined ? [] : [this.#batch, ...this.#divided];
    const sending = batches.flatMap(({ waiting }) => waiting);
    this.#batch = undefined;
    this.#divided = [];
    this.#room.release(sending);
    this.#accounts.drop("shutdown", taken.length + sending.length);
    this.#sender.abandon();
    this.#cancelTimer?.();
    this.#flushes.progress(this.#oldest());
  }

  #takeAll(): readonly Waiting<Entry>[] {
    const taken = this.#room.take({ recordsMax: Number.POSITIVE_INFINITY, bytesMax: Number.POSITIVE_INFINITY });
    this.#room.release(taken);
    return taken;
  }
}
