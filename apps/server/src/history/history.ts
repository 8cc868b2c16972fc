import type { Clock } from "@mcp-hangar/core";
import {
  type Exporter,
  type ExporterHealth,
  type ExporterSnapshot,
  type HangarEvent,
  registeredName,
} from "@mcp-hangar/telemetry";
import { entryOf, type HistoryEntry, stderrEntry } from "./entries.ts";
import { HistoryQueue, QUEUE_CAPACITY } from "./history-queue.ts";
import type { HistoryOptions } from "./options.ts";
import type { CallQuery, CallRow, LogQuery, LogRow } from "./queries.ts";
import { WorkerThread } from "./worker-thread.ts";

/** Entries of one transaction. */
const BATCH_MAX = 2_000;
/** Time between the first waiting entry and its write, in ms. */
const FLUSH_DELAY_MS = 200;
/** Pause after a write that failed, in ms. */
const RETRY_DELAY_MS = 1_000;

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
  readonly #waiting = new HistoryQueue();
  readonly #dropped = { queue_full: 0, shutdown: 0 };
  #writing: Promise<void> | undefined;
  #scheduled = false;
  #closed = false;
  #written = 0;
  #failures = 0;
  #problem: string | undefined;
  #lastSuccessSeconds: number | undefined;

  constructor(options: HistoryOptions & { readonly file: string }, clock: Clock) {
    this.#clock = clock;
    this.#file = options.file;
    this.#thread = new WorkerThread({
      file: options.file,
      max_age_s: options.max_age_s,
      max_bytes: options.max_bytes,
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
    if (entry !== undefined) this.#push(entry);
  };

  /** Keeps a line that a server wrote to its stderr. */
  log(server: string, line: string): void {
    this.#push(stderrEntry(this.#clock.wallMs(), server, line));
  }

  /** Calls, the latest first. Rejects when the file cannot be read. */
  async calls(query: CallQuery): Promise<readonly CallRow[]> {
    await this.#flush();
    // The thread answers this request with rows of this kind.
    return (await this.#thread.request({ kind: "calls", query })) as readonly CallRow[];
  }

  /** Lines of one server, the latest first. Rejects when the file cannot be read. */
  async logs(query: LogQuery): Promise<readonly LogRow[]> {
    await this.#flush();
    return (await this.#thread.request({ kind: "logs", query })) as readonly LogRow[];
  }

  /** A history that was asked for and cannot be kept is a component that does not work. */
  health(): ExporterHealth {
    if (this.#problem === undefined) return { status: "healthy" };
    return { status: "unhealthy", message: `history.file cannot be written: ${this.#problem}` };
  }

  snapshot(): ExporterSnapshot {
    return {
      exporter: registeredName(this.name),
      signal: this.signal,
      delivered: this.#written,
      dropped: { ...this.#dropped },
      failures: { io: this.#failures },
      queueSize: this.#waiting.length,
      queueCapacity: QUEUE_CAPACITY,
      lastSuccessSeconds: this.#lastSuccessSeconds,
    };
  }

  /** Writes what waits, within `deadlineMs`, and closes the file; the rest counts as dropped. */
  async close(deadlineMs: number): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    const late = Promise.withResolvers<void>();
    const cancel = this.#clock.schedule(deadlineMs, late.resolve);
    const inOrder = this.#flush().then(() => this.#thread.request({ kind: "close" }));
    await Promise.race([inOrder.catch(() => {}), late.promise]);
    cancel();
    this.#dropped.shutdown += this.#waiting.clear();
    await this.#thread.terminate();
  }

  #push(entry: HistoryEntry): void {
    if (this.#closed) this.#dropped.shutdown += 1;
    else {
      if (!this.#waiting.push(entry)) this.#dropped.queue_full += 1;
      this.#schedule(this.#problem === undefined ? FLUSH_DELAY_MS : RETRY_DELAY_MS);
    }
  }

  #schedule(delayMs: number): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    this.#clock.schedule(delayMs, () => {
      this.#scheduled = false;
      void this.#flush();
    });
  }

  /** Writes what waits now. Resolves also when it could not be written: it waits on, then. */
  async #flush(): Promise<void> {
    await this.#writing;
    if (this.#waiting.length === 0) return;
    this.#writing ??= this.#write().finally(() => {
      this.#writing = undefined;
    });
    await this.#writing;
  }

  async #write(): Promise<void> {
    while (this.#waiting.length > 0) {
      const entries = this.#waiting.next(BATCH_MAX);
      try {
        await this.#thread.request({
          kind: "write",
          entries,
          nowMs: this.#clock.wallMs(),
          steadyMs: this.#clock.nowMs(),
        });
      } catch (error) {
        this.#failures += 1;
        this.#problem = (error as Error).message;
        this.#schedule(RETRY_DELAY_MS);
        return;
      }
      this.#waiting.written();
      this.#written += entries.length;
      this.#problem = undefined;
      this.#lastSuccessSeconds = this.#clock.wallMs() / 1_000;
    }
  }
}
