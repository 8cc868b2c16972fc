import type { Clock } from "@mcp-hangar/core";
import { DeliveryQueue, TalkativeOrigins } from "@mcp-hangar/delivery";
import {
  type Exporter,
  type ExporterHealth,
  type ExporterSnapshot,
  type HangarEvent,
  registeredName,
} from "@mcp-hangar/telemetry";
import { entryOf, type HistoryEntry, stderrEntry } from "./entries.ts";
import type { HistoryOptions } from "./options.ts";
import type { CallQuery, CallRow, LogQuery, LogRow } from "./queries.ts";
import { talkativeOrigin } from "./shares.ts";
import { WorkerThread } from "./worker-thread.ts";

/** Entries that may wait: some seconds of a busy gateway. */
const QUEUE_CAPACITY = 20_000;
/** Entries of one transaction. */
const BATCH_MAX = 2_000;
/** Time between the first waiting entry and its write, in ms. */
const FLUSH_DELAY_MS = 200;
/** Pause after a write that failed, in ms. */
const RETRY_DELAY_MS = 1_000;
/** Time that a reader waits for what was reported before, in ms; a disk that is slower shows it later. */
const READER_WAIT_MS = 10_000;

/**
 * Keeps finished calls and the logs of servers in a SQLite file. Whoever reports something is not held up: entries wait in
 * a bounded queue and are written in batches by a thread. Every entry is written, waiting, or counted as dropped.
 */
export class History implements Exporter {
  readonly name = "history";
  readonly signal = "history";
  readonly #thread: WorkerThread;
  readonly #clock: Clock;
  readonly #file: string;
  readonly #queue: DeliveryQueue<HistoryEntry>;
  #closing: Promise<void> | undefined;

  constructor(options: HistoryOptions & { readonly file: string }, clock: Clock) {
    this.#clock = clock;
    this.#file = options.file;
    this.#thread = new WorkerThread({
      file: options.file,
      max_age_s: options.max_age_s,
      max_bytes: options.max_bytes,
    });
    this.#queue = new DeliveryQueue({
      exporter: registeredName(this.name),
      signal: this.signal,
      send: async (entries) => {
        // A write that the thread refuses rejects, and is tried again.
        await this.#thread.request({ kind: "write", entries, nowMs: clock.wallMs(), steadyMs: clock.nowMs() });
        return { kind: "delivered" };
      },
      // What an entry holds is cut to size when it is made.
      sizeOf: () => 0,
      limits: { recordsMax: QUEUE_CAPACITY, bytesMax: Number.POSITIVE_INFINITY },
      batch: { recordsMax: BATCH_MAX, bytesMax: Number.POSITIVE_INFINITY, delayMs: FLUSH_DELAY_MS },
      // The thread cannot be interrupted, and writes one batch after the other.
      attemptTimeoutMs: undefined,
      retry: { baseMs: RETRY_DELAY_MS, maxMs: RETRY_DELAY_MS },
      room: new TalkativeOrigins(talkativeOrigin),
      clock,
      // The file is this process's own: there is no herd to spread.
      random: () => 1,
    });
    // Whoever awaits `open` hears of it; until then it must not count as unhandled.
    this.#thread.opened.catch(() => {});
  }

  /** Resolves when the file is open. Rejects with why it cannot be opened, and what to do. */
  async open(): Promise<void> {
    try {
      await this.#thread.opened;
    } catch (cause) {
      const remedy = "name another file, or take history.file out of the configuration";
      throw new Error(`history.file: ${this.#file} cannot be used: ${(cause as Error).message}; ${remedy}`, { cause });
    }
  }

  /** Listens on the telemetry bus. */
  readonly listener = (event: HangarEvent): void => {
    const entry = entryOf(event);
    if (entry !== undefined) this.#queue.offer(entry);
  };

  /** Keeps a line that a server wrote to its stderr. */
  log(server: string, line: string): void {
    this.#queue.offer(stderrEntry(this.#clock.wallMs(), server, line));
  }

  /** Calls, the latest first. Rejects when the file cannot be read. */
  async calls(query: CallQuery): Promise<readonly CallRow[]> {
    await this.#queue.flush(READER_WAIT_MS);
    // The thread answers this request with rows of this kind.
    return (await this.#thread.request({ kind: "calls", query })) as readonly CallRow[];
  }

  /** Lines of one server, the latest first. Rejects when the file cannot be read. */
  async logs(query: LogQuery): Promise<readonly LogRow[]> {
    await this.#queue.flush(READER_WAIT_MS);
    return (await this.#thread.request({ kind: "logs", query })) as readonly LogRow[];
  }

  /** A history that was asked for and cannot be kept is a component that does not work. */
  health(): ExporterHealth {
    const { problem } = this.#queue;
    if (problem === undefined) return { status: "healthy" };
    return { status: "unhealthy", message: `history.file cannot be written: ${problem}` };
  }

  snapshot(): ExporterSnapshot {
    return this.#queue.snapshot();
  }

  /** Writes what waits, within `deadlineMs`, and closes the file; the rest counts as dropped. */
  close(deadlineMs: number): Promise<void> {
    this.#closing ??= this.#close(deadlineMs);
    return this.#closing;
  }

  async #close(deadlineMs: number): Promise<void> {
    const late = Promise.withResolvers<void>();
    const cancel = this.#clock.schedule(deadlineMs, late.resolve);
    const inOrder = this.#queue.close(deadlineMs).then(() => this.#thread.request({ kind: "close" }));
    await Promise.race([inOrder.catch(() => {}), late.promise]);
    cancel();
    await this.#thread.terminate();
  }
}
