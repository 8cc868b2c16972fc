import type { BatchLimits, Clock, QueueLimits, RetryLimits } from "@mcp-hangar/delivery";
import type { AuditRecord, ExporterSnapshot } from "@mcp-hangar/telemetry";
import type { JournalPlace } from "../audit-entry.ts";
import type { AuditFormat } from "../format.ts";
import type { AuditSink } from "../sink.ts";
import { SinkExporter } from "../sinks/sink-exporter.ts";
import type { AuditExporter } from "./audit-exporter.ts";
import { type AuditOutput, formatFor, sinkFor } from "./audit-output.ts";
import { machineClock, machineRandom } from "./machine.ts";

/** Where the records go: to one of the usual places, or to any sink. */
export type AuditDestination =
  | { readonly output: AuditOutput; readonly sink?: never }
  | { readonly sink: AuditSink; readonly output?: never };

/** What every exporter needs, whatever its format. */
export type AuditExporterOptions = AuditDestination & {
  /** How many records and bytes wait in memory. */
  readonly limits?: QueueLimits;
  readonly batch?: BatchLimits;
  /** Milliseconds an attempt may take. */
  readonly attemptTimeoutMs?: number;
  readonly retry?: RetryLimits;
  /** Told why records do not arrive when that begins, and `undefined` when they do again. */
  readonly onProblem?: (problem: string | undefined) => void;
  /** That of the machine without it. */
  readonly clock?: Clock;
  /** Uniform in [0, 1). */
  readonly random?: () => number;
};

/**
 * An exporter for any format: a bounded queue before a sink. Records are encoded when they leave, and not on the caller's time. To
 * `syslog` every format goes as the message of RFC 5424; a sink of one's own gets the format as it is.
 * @throws RangeError for an output that there is none of
 */
export class FormatExporter implements AuditExporter {
  readonly name: string;
  readonly #exporter: SinkExporter;

  constructor(
    format: AuditFormat,
    { sink, output, limits, clock = machineClock, random = machineRandom, ...options }: AuditExporterOptions,
  ) {
    this.#exporter = new SinkExporter({
      ...options,
      ...(output === undefined
        ? { sink, format }
        : { sink: sinkFor(output, { clock, random }), format: formatFor(output, format) }),
      source: { kind: "offer", ...(limits !== undefined && { limits }) },
      clock,
      random,
    });
    this.name = this.#exporter.name;
  }

  export(record: AuditRecord, place?: JournalPlace): boolean {
    return this.#exporter.offer({ record, ...(place !== undefined && { place }) });
  }

  flush(deadlineMs: number): Promise<boolean> {
    return this.#exporter.flush(deadlineMs);
  }

  snapshot(): ExporterSnapshot {
    return this.#exporter.snapshot();
  }

  close(deadlineMs: number): Promise<void> {
    return this.#exporter.close(deadlineMs);
  }
}
