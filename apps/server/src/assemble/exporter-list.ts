import type { Exporter, ExporterSnapshot, TelemetryBus } from "@mcp-hangar/telemetry";
import type { HealthCheck } from "../http/health.ts";
import type { Logger } from "../logging/logging.ts";

/** Time that exporters get to deliver what waits when the process ends, in ms: together, whatever their number. */
const CLOSE_DEADLINE_MS = 2_000;
/** As before, for the log, which ends after the others: a reader that stalled must not hold the process. */
const LOG_CLOSE_DEADLINE_MS = 1_000;

/** Every exporter of a gateway. What the gateway does with exporters, it does with all that are in this list. */
export class ExporterList {
  readonly #bus: TelemetryBus;
  readonly #logger: Logger;
  readonly #exporters: Exporter[] = [];

  constructor(bus: TelemetryBus, logger: Logger) {
    this.#bus = bus;
    this.#logger = logger;
  }

  /** Takes an exporter in, and subscribes it if it listens: from now on events reach it, before those that are added later. */
  add(exporter: Exporter): void {
    const { name, listener } = exporter;
    if (this.#exporters.some((other) => other.name === name)) throw new Error(`there are two exporters "${name}"`);
    this.#exporters.push(exporter);
    if (listener !== undefined) this.#bus.on(name, listener);
  }

  /** The accounts of all in which records wait. */
  snapshots(): readonly ExporterSnapshot[] {
    return this.#exporters.flatMap((exporter) => exporter.snapshot?.() ?? []);
  }

  /** What readiness depends on: who configured an exporter counts on what it carries. */
  checks(): readonly HealthCheck[] {
    return this.#exporters.filter(hasHealth).map((exporter) => ({ name: exporter.name, run: () => exporter.health() }));
  }

  /** Resolves when all can take records. Rejects when one cannot: what was configured is not left out silently. */
  async open(): Promise<void> {
    await Promise.all(this.#exporters.map(async (exporter) => exporter.open?.()));
  }

  /**
   * Ends all at the same time, and then the log, which tells how the others ended. One that fails keeps no other from delivering what
   * waits.
   */
  async close(): Promise<void> {
    const logs = this.#exporters.filter(({ signal }) => signal === "log");
    const others = this.#exporters.filter(({ signal }) => signal !== "log");
    // Timers of the clock hold no process, and an exporter between two attempts waits for nothing else.
    const held = setInterval(() => {}, CLOSE_DEADLINE_MS);
    try {
      await Promise.all(others.map((exporter) => this.#close(exporter, CLOSE_DEADLINE_MS)));
      await Promise.all(logs.map((exporter) => this.#close(exporter, LOG_CLOSE_DEADLINE_MS)));
    } finally {
      clearInterval(held);
    }
  }

  async #close(exporter: Exporter, deadlineMs: number): Promise<void> {
    try {
      await exporter.close(deadlineMs);
    } catch (error) {
      this.#logger.error("exporter_close_failed", { exporter: exporter.name, error });
    }
  }
}

function hasHealth(exporter: Exporter): exporter is Exporter & Required<Pick<Exporter, "health">> {
  return exporter.health !== undefined;
}
