import type { Clock } from "@mcp-hangar/core";
import { DeliveryQueue, type SendOutcome } from "@mcp-hangar/delivery";
import { type ExporterSnapshot, registeredName } from "@mcp-hangar/telemetry";
import { callLine, callLineJson } from "./call-line.ts";
import type { LineFormat, LogEntry } from "./line.ts";
import type { LineOutput } from "./line-output.ts";

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
const NOTHING: Buffer = Buffer.alloc(0);

/**
 * The bounded queue between whoever logs and the descriptors. Nothing is formatted, redacted or written on the time of
 * the one who logs. What does not fit is dropped and counted: every line is delivered, dropped or waiting.
 */
export class LogQueue {
  readonly #json: LineFormat;
  readonly #sinks: readonly LogSink[];
  readonly #clock: Clock;
  readonly #queue: DeliveryQueue<LogEntry>;
  /** The batch that was formatted last. */
  #formatted: readonly LogEntry[] | undefined;
  /** Outputs that no longer take anything. */
  #outputsLost = 0;

  constructor(json: LineFormat, sinks: readonly LogSink[], clock: Clock) {
    this.#json = json;
    this.#sinks = sinks;
    this.#clock = clock;
    this.#queue = new DeliveryQueue({
      exporter: registeredName("log"),
      signal: "log",
      send: (entries) => this.#write(entries),
      // How long a line is becomes known when it is formatted, which the caller must not wait for.
      sizeOf: () => 0,
      limits: { recordsMax: QUEUE_CAPACITY, bytesMax: Number.POSITIVE_INFINITY },
      batch: { recordsMax: BATCH_LINES_MAX, bytesMax: Number.POSITIVE_INFINITY, delayMs: FLUSH_DELAY_MS },
      // A write to a pipe that nobody reads cannot be taken back.
      attemptTimeoutMs: undefined,
      retry: { baseMs: RETRY_DELAY_MS, maxMs: RETRY_DELAY_MS },
      clock,
      // The disk is this process's own: there is no herd to spread.
      random: () => 1,
    });
  }

  push(entry: LogEntry): void {
    this.#queue.offer(entry);
  }

  /** Writes what waits and what is logged meanwhile, within `deadlineMs`, and takes no more; the rest counts as dropped. */
  async close(deadlineMs: number): Promise<void> {
    const endMs = this.#clock.nowMs() + deadlineMs;
    await this.#queue.flush(deadlineMs);
    await this.#queue.close(Math.max(0, endMs - this.#clock.nowMs()));
  }

  /** Writes what waits at once, holding the event loop: for a process that is about to end. */
  flushNow(): void {
    this.#queue.handOver((entries) => {
      for (const { output, human } of this.#sinks) output.writeNow(this.#format(entries, human));
    });
  }

  snapshot(): ExporterSnapshot {
    const snapshot = this.#queue.snapshot();
    const { failures } = snapshot;
    return { ...snapshot, failures: { ...failures, io: (failures.io ?? 0) + this.#outputsLost } };
  }

  /** Writes a batch to all outputs. When it comes again, each output has kept what a failure left of it. */
  async #write(entries: readonly LogEntry[]): Promise<SendOutcome> {
    const isAgain = entries === this.#formatted;
    this.#formatted = entries;
    const sinks = this.#sinks.filter(({ output }) => output.usable);
    const failures = await Promise.all(
      sinks.map(({ output, human }) => output.write(isAgain ? NOTHING : this.#format(entries, human))),
    );
    this.#outputsLost += failures.filter((failure) => failure?.final).length;
    const passing = failures.find((failure) => failure?.final === false);
    if (passing !== undefined) return { kind: "retry", reason: "io", message: passing.cause.message };
    // Without an output that takes anything, nobody will ever read it.
    return failures.every((failure) => failure !== undefined) ? { kind: "rejected" } : { kind: "delivered" };
  }

  #format(entries: readonly LogEntry[], human: LineFormat | undefined): Buffer {
    let text = "";
    for (const entry of entries) {
      if (human !== undefined) text += human(entry.kind === "call" ? callLine(entry) : entry);
      else text += entry.kind === "call" ? callLineJson(entry) : this.#json(entry);
    }
    return Buffer.from(text);
  }
}
