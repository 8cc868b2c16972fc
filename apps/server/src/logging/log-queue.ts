import type { Clock } from "@mcp-hangar/core";
import { type CallFacts, type ExporterSnapshot, registeredName } from "@mcp-hangar/telemetry";
import { callLine, callLineJson } from "./call-line.ts";
import type { LineFormat, LogLine } from "./line.ts";
import type { LineOutput, OutputFailure } from "./line-output.ts";

/** A destination and the form in which lines go there. */
export interface LogSink {
  readonly output: LineOutput;
  /** `undefined` stands for JSON, which has a quicker way for calls. */
  readonly human: LineFormat | undefined;
}

/** Lines that may wait. At 10 000 calls a second that is more than a second of a stalled reader. */
export const QUEUE_CAPACITY = 16_384;
/** Time between the first waiting line and its write, in ms: a write for each batch, not for each line. */
const FLUSH_DELAY_MS = 10;
/** Lines of one write: formatting them holds the event loop for about half a millisecond. */
const BATCH_LINES_MAX = 256;
/** Pause after a write that failed, in ms. */
const RETRY_DELAY_MS = 1_000;

/**
 * The bounded queue between whoever logs and the descriptors. Nothing is formatted, redacted or written on the time of
 * the one who logs. What does not fit is dropped and counted: every line is delivered, dropped or waiting.
 */
export class LogQueue {
  readonly #json: LineFormat;
  readonly #sinks: readonly LogSink[];
  readonly #clock: Clock;
  #waiting: (LogLine | CallFacts)[] = [];
  #writing = 0;
  #loop: Promise<void> | undefined;
  #cancelTimer: (() => void) | undefined;
  #closed = false;
  #delivered = 0;
  #failures = 0;
  readonly #dropped = { queue_full: 0, rejected: 0, shutdown: 0 };
  #lastSuccessSeconds: number | undefined;

  constructor(json: LineFormat, sinks: readonly LogSink[], clock: Clock) {
    this.#json = json;
    this.#sinks = sinks;
    this.#clock = clock;
  }

  push(entry: LogLine | CallFacts): void {
    if (this.#closed) this.#dropped.shutdown += 1;
    else if (this.#waiting.length + this.#writing >= QUEUE_CAPACITY) this.#dropped.queue_full += 1;
    else if (this.#waiting.push(entry) === 1) this.#schedule();
  }

  /** Writes everything that waits. Resolves when it is written, or when no output can take it. */
  async flush(): Promise<void> {
    while (this.#waiting.length > 0 || this.#loop !== undefined) {
      this.#start();
      await this.#loop;
    }
  }

  /** Takes no more lines and writes what waits, within `deadlineMs`; the rest counts as dropped. */
  async close(deadlineMs: number): Promise<void> {
    if (this.#closed) return;
    const deadline = Promise.withResolvers<void>();
    const cancel = this.#clock.schedule(deadlineMs, deadline.resolve);
    await Promise.race([this.flush(), deadline.promise]);
    cancel();
    this.#closed = true;
    this.#dropped.shutdown += this.#waiting.length;
    this.#waiting = [];
  }

  /** Writes what waits at once, holding the event loop: for a process that is about to end. */
  flushNow(): void {
    const entries = this.#waiting.splice(0);
    for (const { output, human } of this.#sinks) output.writeNow(this.#format(entries, human));
    this.#delivered += entries.length;
  }

  snapshot(): ExporterSnapshot {
    return {
      exporter: registeredName("log"),
      signal: "log",
      delivered: this.#delivered,
      dropped: { ...this.#dropped },
      failures: { io: this.#failures },
      queueSize: this.#waiting.length + this.#writing,
      queueCapacity: QUEUE_CAPACITY,
      lastSuccessSeconds: this.#lastSuccessSeconds,
    };
  }

  #schedule(): void {
    if (this.#loop === undefined) this.#cancelTimer ??= this.#clock.schedule(FLUSH_DELAY_MS, () => this.#start());
  }

  #start(): void {
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
    this.#loop ??= this.#drain().finally(() => {
      this.#loop = undefined;
      if (this.#waiting.length > 0) this.#schedule();
    });
  }

  /** Writes one batch, and more only if full ones have come together: else the timer gathers the next. */
  async #drain(): Promise<void> {
    do {
      const entries = this.#waiting.splice(0, BATCH_LINES_MAX);
      this.#writing = entries.length;
      await this.#deliver(entries);
      this.#writing = 0;
    } while (this.#waiting.length >= BATCH_LINES_MAX);
  }

  async #deliver(entries: readonly (LogLine | CallFacts)[]): Promise<void> {
    const sinks = this.#sinks.filter(({ output }) => output.usable);
    const failures = await Promise.all(
      sinks.map(({ output, human }) => this.#write(output, this.#format(entries, human))),
    );
    if (failures.every((failure) => failure?.final ?? false)) {
      this.#dropped.rejected += entries.length;
      return;
    }
    this.#delivered += entries.length;
    this.#lastSuccessSeconds = this.#clock.wallMs() / 1e3;
  }

  /** Tries until the output took everything or will never take anything; the output keeps what a failure left. */
  async #write(output: LineOutput, bytes: Buffer): Promise<OutputFailure | undefined> {
    let failure = await output.write(bytes);
    while (failure !== undefined) {
      this.#failures += 1;
      if (failure.final) return failure;
      await new Promise<void>((resolve) => this.#clock.schedule(RETRY_DELAY_MS, resolve));
      failure = await output.write(Buffer.alloc(0));
    }
    return undefined;
  }

  #format(entries: readonly (LogLine | CallFacts)[], human: LineFormat | undefined): Buffer {
    let text = "";
    for (const entry of entries) {
      if (human !== undefined) text += human(entry.kind === "call" ? callLine(entry) : entry);
      else text += entry.kind === "call" ? callLineJson(entry) : this.#json(entry);
    }
    return Buffer.from(text);
  }
}
