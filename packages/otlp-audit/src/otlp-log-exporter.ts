import { readFile } from "node:fs/promises";
import { type Clock, DeliveryQueue, type SendOutcome } from "@mcp-hangar/delivery";
import { type Exporter, type ExporterSnapshot, registeredName } from "@mcp-hangar/telemetry";
import type { OtlpDestination } from "./destination.ts";
import type { OtlpEncoding } from "./encoding.ts";
import { type LineEntry, type LogLineRecord, lineEntryOf, lineSizeOf } from "./line-entry.ts";
import { LineIntake } from "./line-intake.ts";
import type { OtlpSender } from "./sender.ts";

export interface OTLPLogExporterOptions {
  readonly destination: OtlpDestination;
  /** Attributes of the resource (`auditResource`). */
  readonly resource: Readonly<Record<string, string>>;
  /** Version of the gateway, which the scope of the records names. */
  readonly version: string;
  /** Told why lines do not arrive when that begins, and `undefined` when they do again. */
  readonly onProblem?: (problem: string | undefined) => void;
  readonly clock: Clock;
  /** Uniform in [0, 1). */
  readonly random: () => number;
}

/** How much waits in memory while the collector is away. */
const MEMORY = { recordsMax: 16_384, bytesMax: 16_000_000 };
/** A request stays well below the 4 MB that receivers take by default; encoding it holds the event loop for some 10 ms. */
const BATCH = { recordsMax: 128, bytesMax: 500_000, delayMs: 1_000 };
/** Lines are tried for this long: older ones are in the log itself, and those of now are of more use. */
const RETRY = { baseMs: 500, maxMs: 30_000, elapsedMaxMs: 300_000 };

/**
 * Sends lines of the gateway's log to an OpenTelemetry collector as OTLP log records. Nobody who logs is held: lines wait in memory, and
 * each that is lost is counted. The log itself does not depend on it.
 */
export class OTLPLogExporter implements Exporter {
  readonly name = "otlp_logs";
  readonly signal = "log";
  readonly #options: OTLPLogExporterOptions;
  readonly #queue: DeliveryQueue<LineEntry>;
  readonly #intake: LineIntake;
  #open: { readonly sender: OtlpSender; readonly encoding: OtlpEncoding<LineEntry> } | undefined;
  #hasToldOfProblem = false;

  constructor(options: OTLPLogExporterOptions) {
    this.#options = options;
    const { destination, clock, random } = options;
    this.#queue = new DeliveryQueue<LineEntry>({
      exporter: registeredName(this.name),
      signal: this.signal,
      sizeOf: lineSizeOf,
      limits: MEMORY,
      batch: BATCH,
      attemptTimeoutMs: destination.timeoutMs,
      retry: RETRY,
      send: (entries, signal) => this.#send(entries, signal),
      clock,
      random,
    });
    this.#intake = new LineIntake(clock, (line) => void this.#queue.offer(lineEntryOf(line, clock.wallMs())));
  }

  /** Takes a line and returns at once; `line` is called later, and gives it without secrets. */
  offer(line: () => LogLineRecord): void {
    this.#intake.add(line);
  }

  /** Loads what the protocol needs and reads certificates. Rejects with what is wrong, and what to do. */
  async open(): Promise<void> {
    const { destination, clock, resource, version } = this.#options;
    // OpenTelemetry's code takes long to load, and is wanted only by those who export.
    const [{ otlpEncoding }, { openSender }, { lineRecordOf }] = await Promise.all([
      import("./encoding.ts"),
      import("./open-sender.ts"),
      import("./line-record.ts"),
    ]);
    const scope = { name: "mcp-hangar.log", version };
    const encoding = otlpEncoding(destination.protocol, { resource, scope, recordOf: lineRecordOf });
    const sender = await openSender(destination, { clock, readFile, readAnswer: encoding.readAnswer });
    this.#open = { sender, encoding };
  }

  /** Its accounts: what was offered is delivered, dropped or queued. */
  snapshot(): ExporterSnapshot {
    const snapshot = this.#queue.snapshot();
    const { overflowed, broken, pending } = this.#intake;
    const { queue_full: full = 0, rejected = 0 } = snapshot.dropped;
    return {
      ...snapshot,
      dropped: { ...snapshot.dropped, queue_full: full + overflowed, rejected: rejected + broken },
      queueSize: snapshot.queueSize + pending,
    };
  }

  /** Sends what waits within the deadline; the rest is lost and counted. */
  async close(deadlineMs: number): Promise<void> {
    this.#intake.flush();
    await this.#queue.close(deadlineMs);
    this.#open?.sender.close();
  }

  async #send(entries: readonly LineEntry[], signal: AbortSignal): Promise<SendOutcome> {
    if (this.#open === undefined) return { kind: "retry", reason: "io", message: "the exporter is not open" };
    const { encoding, sender } = this.#open;
    // What the attempt before this one came to.
    if (this.#queue.problem !== undefined) this.#tellOfProblem(this.#queue.problem);
    let body: Uint8Array;
    try {
      body = encoding.encode(entries);
    } catch (error) {
      return { kind: "rejected", message: `a line cannot be encoded: ${String(error)}` };
    }
    const outcome = await sender.send(body, signal);
    if (outcome.kind === "delivered" && !signal.aborted) this.#tellOfProblem(undefined);
    return outcome;
  }

  /** Only when it begins and ends: what is told becomes a line itself. */
  #tellOfProblem(problem: string | undefined): void {
    const isProblem = problem !== undefined;
    if (isProblem === this.#hasToldOfProblem) return;
    this.#hasToldOfProblem = isProblem;
    this.#options.onProblem?.(problem);
  }
}
