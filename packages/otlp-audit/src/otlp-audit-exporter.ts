import { type Clock, DeliveryQueue, type SendOutcome, TalkativeOrigins } from "@mcp-hangar/delivery";
import { OtlpClient, type OtlpDestination } from "@mcp-hangar/delivery/otlp";
import { SpooledQueue } from "@mcp-hangar/delivery/spool";
import {
  type AuditStamp,
  auditRecordOf,
  type EventIds,
  type Exporter,
  type ExporterHealth,
  type ExporterSnapshot,
  type HangarEvent,
  isAudited,
  registeredName,
} from "@mcp-hangar/telemetry";
import { type AuditEntry, bytesOf, entryOf, roughSizeOf, talkativeOriginOf } from "./audit-entry.ts";
import type { EncodeLogs } from "./encoding.ts";

/** Where records wait that the collector does not have. */
export interface AuditSpoolOptions {
  /** On a local disk; it belongs to this process. */
  readonly folder: string;
  readonly bytesMax: number;
  /** What a full spool does: `drop_oldest` records, or `refuse` new ones. */
  readonly whenFull: "drop_oldest" | "refuse";
}

export interface OTLPAuditExporterOptions {
  readonly destination: OtlpDestination;
  /** Attributes of the resource (`auditResource`). */
  readonly resource: Readonly<Record<string, string>>;
  /** Names the gateway among others. */
  readonly instance: string;
  /** Version of the gateway, which the scope of the records names. */
  readonly version: string;
  readonly ids: EventIds;
  /** Keyed digest of the arguments of a call (`argsHashOf`); there is none without. */
  readonly argsHash?: AuditStamp["argsHash"];
  /** Without it, records wait in memory, and are lost with the process. */
  readonly spool?: AuditSpoolOptions | undefined;
  /** Told why records do not arrive when that begins, and `undefined` when they do again. */
  readonly onProblem?: (problem: string | undefined) => void;
  readonly clock: Clock;
  /** Uniform in [0, 1). */
  readonly random: () => number;
}

/** How much waits in memory: alone, or for the disk. */
const MEMORY = { recordsMax: 20_000, bytesMax: 64_000_000 };
/** A request stays well below the 4 MB that receivers take by default; encoding it holds the event loop for some 10 ms. */
const BATCH = { recordsMax: 128, bytesMax: 500_000, delayMs: 1_000 };
/** Without an end: what waits is of use however late it comes. */
const RETRY = { baseMs: 500, maxMs: 30_000 };
/** Bytes of a file of the spool. */
const SEGMENT_BYTES_MAX = 16_000_000;

/**
 * Sends every audit record to an OpenTelemetry collector as an OTLP log record. Calls are never held: a record waits in a spool, or in
 * memory without one, until the collector has accepted it, and each that is lost is counted and told to the collector later. A record may
 * arrive twice; `mcp.audit.event_id` tells.
 */
export class OTLPAuditExporter implements Exporter {
  readonly name = "otlp_audit";
  readonly signal = "audit";
  readonly #options: OTLPAuditExporterOptions;
  readonly #queue: DeliveryQueue<AuditEntry> | SpooledQueue<AuditEntry>;
  readonly #client: OtlpClient;
  #encode: EncodeLogs<AuditEntry> | undefined;
  /** Lost records that the collector was told of, or will be. */
  #toldOf = 0;
  #losses = 0;
  #isClosing = false;

  constructor(options: OTLPAuditExporterOptions) {
    this.#options = options;
    const { destination, spool, clock, random, onProblem } = options;
    this.#client = new OtlpClient({ destination, clock, onProblem });
    const common = {
      exporter: registeredName(this.name),
      signal: this.signal,
      sizeOf: roughSizeOf,
      room: new TalkativeOrigins(talkativeOriginOf),
      batch: BATCH,
      attemptTimeoutMs: destination.timeoutMs,
      retry: RETRY,
      clock,
      random,
    } as const;
    this.#queue =
      spool === undefined
        ? new DeliveryQueue<AuditEntry>({
            ...common,
            limits: MEMORY,
            dividesRefused: true,
            send: (entries, signal) => this.#send(entries, signal),
          })
        : new SpooledQueue<AuditEntry>({
            ...common,
            memory: MEMORY,
            spool: { ...spool, segmentBytesMax: Math.min(SEGMENT_BYTES_MAX, Math.floor(spool.bytesMax / 4)) },
            encode: bytesOf,
            send: (payloads, signal) => this.#sendPayloads(payloads, signal),
          });
  }

  /** Listens on the telemetry bus. */
  readonly listener = (event: HangarEvent): void => {
    if (!isAudited(event.type)) return;
    const { ids, instance, argsHash, clock } = this.#options;
    const record = auditRecordOf(event, { id: ids.of(event), instance, argsHash });
    if (record !== undefined) this.#queue.offer({ kind: "record", record, observedMs: clock.wallMs() });
  };

  /** Loads what the protocol needs, reads certificates and opens the spool. Rejects with what is wrong, and what to do. */
  async open(): Promise<void> {
    const { destination, resource, version } = this.#options;
    // OpenTelemetry's code takes long to load, and is wanted only by those who export.
    const [{ logsEncoding }, { logRecordOf }] = await Promise.all([
      import("./encoding.ts"),
      import("./log-record.ts"),
      this.#client.open(),
    ]);
    const scope = { name: "@mcp-hangar/otlp-audit", version };
    this.#encode = logsEncoding(destination.protocol, { resource, scope, recordOf: logRecordOf });
    if (!(this.#queue instanceof SpooledQueue)) return;
    try {
      await this.#queue.open();
    } catch (cause) {
      const why = cause instanceof Error ? cause.message : String(cause);
      throw new Error(`the spool of audit records: ${why}`, { cause });
    }
  }

  /** Its accounts: what was accepted is delivered, dropped or queued. */
  snapshot(): ExporterSnapshot {
    return this.#queue.snapshot();
  }

  /** Records that were accepted, with those that an earlier process has left in the spool. */
  get accepted(): number {
    return this.#queue instanceof SpooledQueue ? this.#queue.accepted : this.#queue.offered;
  }

  /** A collector that is away keeps nobody from calling: records wait. Those who probe need not learn where. */
  health(): ExporterHealth {
    if (this.#queue.problem === undefined) return { status: "healthy" };
    const message =
      "audit records wait, because the collector or the disk does not take them; the log and the metrics say why";
    return { status: "degraded", message };
  }

  /** Sends what waits within the deadline. With a spool, the rest is sent after the next start; without one, it is lost and counted. */
  async close(deadlineMs: number): Promise<void> {
    this.#isClosing = true;
    await this.#queue.close(deadlineMs);
    this.#client.close();
  }

  async #sendPayloads(payloads: readonly Buffer[], signal: AbortSignal): Promise<SendOutcome> {
    let entries: readonly AuditEntry[];
    try {
      entries = payloads.map(entryOf);
    } catch (error) {
      // The queue finds out which one it is.
      return { kind: "rejected", message: `a record of the spool cannot be read: ${String(error)}` };
    }
    return this.#send(entries, signal);
  }

  async #send(entries: readonly AuditEntry[], signal: AbortSignal): Promise<SendOutcome> {
    const encode = this.#encode;
    if (encode === undefined) return { kind: "retry", reason: "io", message: "the exporter is not open" };
    const outcome = await this.#client.send(() => encode(entries), { signal, problem: this.#queue.problem });
    // In a later turn, when what was delivered has left its room.
    if (outcome.kind === "delivered" && !signal.aborted) this.#options.clock.defer(() => this.#tellOfLosses());
    return outcome;
  }

  /** Now that the collector takes records, it is told how many it will not get. */
  #tellOfLosses(): void {
    const { dropped } = this.#queue.snapshot();
    const lost = Object.values(dropped).reduce((sum, count) => sum + count, 0) - this.#toldOf;
    if (lost <= 0 || this.#isClosing) return;
    const { instance, clock } = this.#options;
    const observedMs = clock.wallMs();
    this.#losses += 1;
    const id = `${instance}-lost-${observedMs}-${this.#losses}`;
    // Before the offer: if that is dropped, too, it is one more to tell of.
    this.#toldOf += lost;
    if (!this.#queue.offer({ kind: "loss", id, lost, observedMs })) this.#toldOf -= lost;
  }
}
