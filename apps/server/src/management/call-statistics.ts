import type { CallFinished, CallStatus, HangarEvent } from "@mcp-hangar/telemetry";

/** Durations of calls that percentiles are worked out from: the last ones, so that they speak about now. */
const SAMPLES_MAX = 512;

/** What became of the calls of one server since it was registered. */
export interface CallSummary {
  readonly calls: Readonly<Record<CallStatus, number>>;
  /** Of the last calls that were not rejected; `undefined` before the first. */
  readonly latency: LatencySummary | undefined;
}

/** Durations in seconds. */
interface LatencySummary {
  readonly samples: number;
  readonly p50: number;
  readonly p95: number;
  readonly p99: number;
  readonly max: number;
}

interface ServerRecord {
  readonly calls: { -readonly [Status in CallStatus]: number };
  readonly durations: Float64Array;
  measured: number;
}

/**
 * Counts calls by server for the management interface, whether or not metrics are on. It costs a call two additions, and a
 * server four kilobytes.
 */
export class CallStatistics {
  readonly #servers = new Map<string, ServerRecord>();

  /** Listens to the bus. */
  readonly listener = (event: HangarEvent): void => {
    if (event.type === "call.finished") this.#count(event);
    else if (event.type === "server.unregistered") this.#servers.delete(event.server);
  };

  of(server: string): CallSummary {
    const record = this.#servers.get(server);
    if (record === undefined) return { calls: noCalls(), latency: undefined };
    return { calls: { ...record.calls }, latency: latencyOf(record) };
  }

  #count({ server, outcome, durationSeconds }: CallFinished): void {
    if (server === undefined) return;
    let record = this.#servers.get(server);
    if (record === undefined) {
      record = { calls: noCalls(), durations: new Float64Array(SAMPLES_MAX), measured: 0 };
      this.#servers.set(server, record);
    }
    record.calls[outcome.status]++;
    // A refusal is quick and says nothing about the server.
    if (outcome.status !== "rejected") record.durations[record.measured++ % SAMPLES_MAX] = durationSeconds;
  }
}

function noCalls(): ServerRecord["calls"] {
  return { success: 0, error: 0, timeout: 0, rejected: 0, cancelled: 0 };
}

function latencyOf({ durations, measured }: ServerRecord): LatencySummary | undefined {
  const samples = Math.min(measured, SAMPLES_MAX);
  if (samples === 0) return undefined;
  const sorted = durations.slice(0, samples).sort();
  // Nearest rank: one of the durations that were measured.
  const quantile = (share: number): number => sorted[Math.ceil(share * samples) - 1] ?? 0;
  return { samples, p50: quantile(0.5), p95: quantile(0.95), p99: quantile(0.99), max: quantile(1) };
}
