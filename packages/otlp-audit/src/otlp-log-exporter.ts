import { type Clock, DeferredWork, DeliveryQueue, type SendOutcome } from "@mcp-hangar/delivery";
import { OtlpClient, type OtlpDestination } from "@mcp-hangar/delivery/otlp";
import { type Exporter, type ExporterSnapshot, registeredName } from "@mcp-hangar/telemetry";
import type { EncodeLogs } from "./encoding.ts";
import { type LineEntry, type LogLineRecord, lineEntryOf, lineSizeOf } from "./line-entry.ts";

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

/** Lines whose secrets are not hidden yet: what a busy gateway logs in a second. They keep fields alive that nobody has measured. */
const INTAKE = { recordsMax: 16_384, bytesMax: Number.MAX_SAFE_INTEGER };
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
  readonly #intake: DeferredWork<() => LogLineRecord>;
  readonly #client: OtlpClient;
  #encode: EncodeLogs<LineEntry> | undefined;
  /** Lines that the end came too soon for. */
  #givenUp = 0;

  constructor(options: OTLPLogExporterOptions) {
    this.#options = options;
    const { destination, clock, random, onProblem } = options;
    this.#client = new OtlpClient({ destination, clock, onProblem });
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
    this.#intake = new DeferredWork({
      clock,
      limits: INTAKE,
      work: (line) => void this.#queue.offer(lineEntryOf(line(), clock.wallMs())),
    });
  }

  /** Takes a line and returns at once; `line` is called later, and gives it without secrets. */
  offer(line: () => LogLineRecord): void {
    this.#intake.add(line);
  }

  /** Loads what the protocol needs and reads certificates. Rejects with what is wrong, and what to do. */
  async open(): Promise<void> {
    const { destination, resource, version } = this.#options;
    // OpenTelemetry's code takes long to load, and is wanted only by those who export.
    const [{ logsEncoding }, { lineRecordOf }] = await Promise.all([
      import("./encoding.ts"),
      import("./line-record.ts"),
      this.#client.open(),
    ]);
    const scope = { name: "mcp-hangar.log", version };
    this.#encode = logsEncoding(destination.protocol, { resource, scope, recordOf: lineRecordOf });
  }

  /** Its accounts: what was offered is delivered, dropped or queued. */
  snapshot(): ExporterSnapshot {
    const snapshot = this.#queue.snapshot();
    const { overflowed, broken, records } = this.#intake;
    const { queue_full: full = 0, rejected = 0, shutdown = 0 } = snapshot.dropped;
    return {
      ...snapshot,
      dropped: {
        ...snapshot.dropped,
        queue_full: full + overflowed,
        rejected: rejected + broken,
        shutdown: shutdown + this.#givenUp,
      },
      queueSize: snapshot.queueSize + records,
    };
  }

  /** Sends what waits within the deadline; the rest is lost and counted. */
  async close(deadlineMs: number): Promise<void> {
    const { clock } = this.#options;
    const untilMs = clock.nowMs() + deadlineMs;
    await this.#intake.finish(deadlineMs);
    this.#givenUp += this.#intake.discard();
    await this.#queue.close(Math.max(0, untilMs - clock.nowMs()));
    this.#client.close();
  }

  async #send(entries: readonly LineEntry[], signal: AbortSignal): Promise<SendOutcome> {
    const encode = this.#encode;
    if (encode === undefined) return { kind: "retry", reason: "io", message: "the exporter is not open" };
    return this.#client.send(() => encode(entries), { signal, problem: this.#queue.problem });
  }
}
