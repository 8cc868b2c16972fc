import { DeliveryQueue, type SendOutcome, TalkativeOrigins } from "@mcp-hangar/delivery";
import { nodeFiles, type SpoolFiles, SpoolForwarder, type SpoolForwarderOptions } from "@mcp-hangar/delivery/spool";
import {
  type AuditRecord,
  auditRecordOf,
  type Ended,
  type Exporter,
  type ExporterHealth,
  type ExporterSnapshot,
  type HangarEvent,
  type Intent,
  intentRecordOf,
  isAudited,
  type Journal,
  type JournalRefusal,
  registeredName,
  type Written,
} from "@mcp-hangar/telemetry";
import { Hurry } from "./hurry.ts";
import { type JournalLag, lagOf } from "./lag.ts";
import type { ChainHead } from "./line.ts";
import { Losses } from "./losses.ts";
import { type OpenJournal, openJournal } from "./open-journal.ts";
import { type AuditJournalOptions, type JournalSettings, settingsOf } from "./options.ts";
import { Retention } from "./retention.ts";
import { Stall } from "./stall.ts";
import { ToldEnds } from "./told-ends.ts";
import { addCaptured, roughSizeOf, talkativeOriginOf, type Waiting } from "./waiting.ts";

/** How long records gather that share a sync when nobody waits for them, in ms. */
const GATHER_MS = 100;
const BATCH = { recordsMax: 256, bytesMax: 1_000_000, delayMs: GATHER_MS };
/** Pauses after a write that failed, in ms; and how long a caller is asked to wait who was refused because of it. */
const RETRY = { baseMs: 50, maxMs: 1_000 };
/** How often it is written where a sink is, in ms: after a crash it gets what it was sent since once more. */
const POSITION_EVERY_MS = 1_000;
/** Time that the disk gets at the end beyond the deadline of everything, in ms. */
const CLOSE_MS = 500;

/**
 * The audit trail of a gateway on its disk: a chain of records with numbers and hashes, signed from time to time, of which sinks read what
 * they have not had. It says itself what is missing. Give its `listener` to the bus and itself as the journal of the gateway: whichever
 * tells of an end first, it is written once. Used without a gateway, it takes records by `record`.
 */
export class AuditJournal implements Journal, Exporter {
  readonly name = "audit_journal";
  readonly signal = "audit";
  readonly #settings: JournalSettings;
  readonly #files: SpoolFiles;
  readonly #queue: DeliveryQueue<Waiting>;
  readonly #forwarders: SpoolForwarder[] = [];
  readonly #told = new ToldEnds();
  readonly #hurry: Hurry;
  readonly #losses = new Losses();
  readonly #stall: Stall;
  #unread: Waiting[] = [];
  #open: (OpenJournal & { readonly retention: Retention }) | undefined;
  /** Why the disk did not take what was written last; `undefined` when it did. */
  #problem: string | undefined;
  #closing: Promise<void> | undefined;

  /** Throws a RangeError for options that make no sense. */
  constructor(options: AuditJournalOptions, files: SpoolFiles = nodeFiles) {
    this.#settings = settingsOf(options);
    this.#files = files;
    const { memory, clock, random, stallMs } = this.#settings;
    this.#stall = new Stall(clock, stallMs);
    this.#queue = new DeliveryQueue<Waiting>({
      exporter: registeredName(this.name),
      signal: this.signal,
      send: (entries) => this.#write(entries),
      sizeOf: roughSizeOf,
      limits: memory,
      room: new TalkativeOrigins(({ origin }) => origin),
      batch: BATCH,
      // A write to the disk cannot be interrupted.
      attemptTimeoutMs: undefined,
      retry: RETRY,
      clock,
      random,
    });
    this.#hurry = new Hurry({
      flush: () => this.#queue.flush(this.#settings.waitMs),
      isMore: () => this.#queue.queuedRecords > 0,
    });
  }

  /** Opens the folder, finds out where the chain ends, and says in it that it goes on. Rejects with what is wrong and what to do. */
  async open(): Promise<void> {
    const open = await openJournal(this.#settings, this.#files, { losses: this.#losses, stall: this.#stall });
    const { spool, chain } = open;
    const retention = new Retention({ settings: this.#settings, files: this.#files, spool, chain });
    this.#open = { ...open, retention };
    // A disk that is full now may not be later: what is due is written with the first record then.
    await chain.write([]);
    retention.start();
    chain.signAtIntervals();
  }

  /** Listens on the telemetry bus. */
  readonly listener = (event: HangarEvent): void => {
    if (!isAudited(event.type)) return;
    if (isEnded(event)) {
      void this.#tellEnd(event);
      return;
    }
    const record = this.#recordOf(event);
    if (record !== undefined) this.#offer(record);
  };

  /** Asked before anything is sent to a server. */
  begin(intent: Intent): Written {
    if (this.#settings.mode === "fail_open") return undefined;
    const { instance, clock } = this.#settings;
    // What waits is tried again all the time, and says when the disk takes records again.
    if (this.#trouble !== undefined && this.#queue.queuedRecords > 0) return this.#refusal();
    const durable = this.#offerAndWait(intentRecordOf(intent, instance, clock.wallMs()));
    return durable.then((isDurable) => (isDurable ? undefined : this.#refusal()));
  }

  /** Told of every end before the answer leaves; a refusal when the end is not on the disk in time. It stays queued, and may be later. */
  end(ended: Ended): Written {
    const told = this.#tellEnd(ended);
    return told === true ? undefined : told.then((isDurable) => (isDurable ? undefined : this.#refusal()));
  }

  /** Writes a record that is no event of the gateway. Resolves to whether it is on the disk, at the latest after `waitMs`. */
  record(record: AuditRecord): Promise<boolean> {
    return this.#offerAndWait(record);
  }

  /** Sends to one consumer of the options what it has not had; it closes with the journal. Only when the journal is open. */
  forward(options: Omit<SpoolForwarderOptions, "spool" | "clock" | "random" | "positionEveryMs">): SpoolForwarder {
    const { clock, random } = this.#settings;
    const { spool } = this.#opened();
    const forwarder = new SpoolForwarder({ ...options, clock, random, spool, positionEveryMs: POSITION_EVERY_MS });
    this.#forwarders.push(forwarder);
    return forwarder;
  }

  /** What a consumer has not had yet. Rejects with the error of the system. */
  lag(consumer: string): Promise<JournalLag> {
    const { clock, folder } = this.#settings;
    return lagOf(this.#opened().spool.cursor(consumer), { folder, files: this.#files, clock });
  }

  /** The last line on the disk. */
  get head(): ChainHead {
    return this.#opened().chain.head;
  }

  /** Number of the last record that a checkpoint covers. */
  get signedUntil(): number {
    return this.#opened().chain.signedUntil;
  }

  /** Bytes of all records, and how many they may be. */
  get size(): { readonly bytes: number; readonly bytesMax: number } {
    return { bytes: this.#opened().spool.snapshot().bytes, bytesMax: this.#settings.bytesMax };
  }

  /** The key that verifies the checkpoints, SubjectPublicKeyInfo in PEM. */
  get publicKeyPem(): string {
    return this.#opened().publicKeyPem;
  }

  /** Identity of the journal, which its checkpoints name. */
  get identity(): string {
    return this.#opened().journal;
  }

  /** Its accounts: delivered is what is on the disk. A write that hangs has failed by `timeout`, once for each `stallMs`. */
  snapshot(): ExporterSnapshot {
    const snapshot = this.#queue.snapshot();
    const { timeout = 0 } = snapshot.failures;
    return { ...snapshot, failures: { ...snapshot.failures, timeout: timeout + this.#stall.count } };
  }

  health(): ExporterHealth {
    if (this.#trouble === undefined) return { status: "healthy" };
    // Those who probe need not learn where it is, which the system says in its errors.
    const why = this.#stall.stalledMs === undefined ? "the log says why" : this.#trouble;
    const message = `audit records cannot be written to the disk; ${why}`;
    return this.#settings.mode === "fail_closed" ? { status: "unhealthy", message } : { status: "degraded", message };
  }

  /**
   * Takes no more records, writes what waits and a last checkpoint, has the consumers send until `deadlineMs` have passed, and gives the
   * folder back. What they have not sent stays for the next start.
   */
  close(deadlineMs: number): Promise<void> {
    this.#closing ??= this.#close(deadlineMs);
    return this.#closing;
  }

  async #close(deadlineMs: number): Promise<void> {
    const { clock } = this.#settings;
    const untilMs = clock.nowMs() + deadlineMs;
    const restMs = (): number => Math.max(0, untilMs - clock.nowMs());
    const open = this.#open;
    open?.chain.stopSigning();
    open?.retention.stop();
    await this.#queue.close(deadlineMs);
    if (open === undefined) return;
    const { spool, chain } = open;
    const { shutdown = 0 } = this.#queue.snapshot().dropped;
    if (shutdown > 0) this.#losses.add("shutdown", clock.wallMs(), shutdown);
    chain.requestCheckpoint("closed");
    await this.#within(restMs() + CLOSE_MS, chain.write([]));
    await Promise.all(this.#forwarders.map((forwarder) => forwarder.close(restMs())));
    const ended = Promise.all(this.#forwarders.map((forwarder) => forwarder.ended));
    await this.#within(
      restMs() + CLOSE_MS,
      ended.then(() => spool.close()),
    );
  }

  /** A disk that hangs must not hold the process. */
  async #within(ms: number, work: Promise<unknown>): Promise<void> {
    const { promise: late, resolve } = Promise.withResolvers<void>();
    const cancel = this.#settings.clock.schedule(ms, resolve);
    await Promise.race([late, work.catch(() => {})]);
    cancel();
  }

  /** Takes an end once, whoever tells of it; a promise where the answer waits for the disk. */
  #tellEnd(ended: Ended): Promise<boolean> | true {
    const told = this.#told.tellingOf(ended);
    if (told !== undefined) return told;
    if (this.#settings.mode === "fail_closed") {
      const durable = this.#offerAndWait(ended);
      this.#told.remember(ended, durable);
      return durable;
    }
    if (this.#offer(ended)) this.#told.rememberLatest(ended);
    else this.#told.remember(ended, true);
    return true;
  }

  /** Queues a record; resolves to whether it is on the disk, at the latest after `waitMs`. */
  #offerAndWait(content: Ended | AuditRecord): Promise<boolean> {
    const { promise, resolve } = Promise.withResolvers<boolean>();
    if (!this.#offer(content, resolve)) return Promise.resolve(false);
    const cancel = this.#settings.clock.schedule(this.#settings.waitMs, () => resolve(false));
    this.#hurry.begin();
    return promise.finally(cancel);
  }

  #offer(content: Ended | AuditRecord, settle?: Waiting["settle"]): boolean {
    const isCall = "timeMs" in content && content.type === "call.finished";
    const captureBytes = isCall ? (this.#settings.capture?.bytesOf(content) ?? 0) : 0;
    const waiting: Waiting = { content, captureBytes, origin: talkativeOriginOf(content), settle };
    const before = this.#queue.queuedRecords;
    const isQueued = this.#queue.offer(waiting);
    // This one, or those that had to make room for it. After the end nothing can be said any more; the accounts have it.
    const lost = before + 1 - this.#queue.queuedRecords;
    if (lost > 0 && this.#closing === undefined) this.#losses.add("queue_full", this.#settings.clock.wallMs(), lost);
    if (!isQueued) return false;
    if ("timeMs" in content) {
      if (this.#unread.length === 0) this.#settings.clock.defer(() => this.#readEnds());
      this.#unread.push(waiting);
    }
    return true;
  }

  /** Makes records of ends in the next turn: by then the caller has its answer, and arguments and results are not held any longer. */
  #readEnds(): void {
    this.#told.letGo();
    for (const waiting of this.#unread.splice(0)) this.#read(waiting);
  }

  #read(waiting: Waiting): AuditRecord | undefined {
    const { content } = waiting;
    if (content === undefined || !("timeMs" in content)) return content;
    try {
      waiting.content = this.#recordOf(content);
      if (content.type === "call.finished") waiting.capturing = this.#settings.capture?.of(content);
    } catch {
      // It is counted and told of as one that cannot be written.
      waiting.content = undefined;
    }
    return this.#read(waiting);
  }

  #recordOf(event: HangarEvent): AuditRecord | undefined {
    const { ids, instance, argsHash } = this.#settings;
    return auditRecordOf(event, { id: ids.of(event), instance, argsHash });
  }

  async #write(entries: readonly Waiting[]): Promise<SendOutcome> {
    if (this.#open === undefined) return { kind: "retry", reason: "io", message: "the journal is not open" };
    const { chain } = this.#open;
    for (const waiting of entries) this.#read(waiting);
    // What was captured is encrypted by threads, and mostly is by now.
    if (entries.some(({ capturing }) => capturing !== undefined)) await Promise.all(entries.map(addCaptured));
    const { end, rejected, failure } = await chain.write(entries.map((waiting) => this.#read(waiting)));
    this.#problem = failure?.message;
    const refused = new Set(rejected);
    for (const [place, { settle }] of entries.slice(0, end).entries()) settle?.(!refused.has(place));
    if (failure === undefined && rejected.length === 0) return { kind: "delivered" };
    const retry = entries.slice(end).map((_entry, place) => end + place);
    const message = failure?.message ?? "a record cannot be written as JSON, or is larger than a file";
    return { kind: "partial", rejected: rejected.length, retry, reason: failure ? "io" : "encoding", message };
  }

  #refusal(): JournalRefusal {
    const why = this.#trouble ?? "the disk does not take records in time";
    return { message: `the audit journal cannot be written: ${why}`, retryAfterMs: RETRY.maxMs };
  }

  /** Why the disk takes nothing now; `undefined` when it does. */
  get #trouble(): string | undefined {
    const { stalledMs } = this.#stall;
    if (stalledMs === undefined) return this.#problem;
    return `the disk hangs: it has not answered for ${Math.floor(stalledMs / 1_000)} s`;
  }

  #opened(): OpenJournal {
    if (this.#open === undefined) throw new Error("the journal is not open");
    return this.#open;
  }
}

function isEnded(event: HangarEvent): event is Ended {
  return event.type === "call.finished" || event.type === "request.finished" || event.type === "operation.finished";
}
