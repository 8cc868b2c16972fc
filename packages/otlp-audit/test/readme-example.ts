import { randomUUID } from "node:crypto";
import { auditResource, OTLPAuditExporter, otlpLogsDestination } from "@mcp-hangar/otlp-audit";
import { EventIds, type ExporterSnapshot, registeredName, TelemetryBus } from "@mcp-hangar/telemetry";

/** Sends what `emit` makes happen to the collector that the environment names; returns what became of it. */
export async function withAuditTrail(
  env: Readonly<Record<string, string | undefined>>,
  spoolFolder: string,
  emit: (bus: TelemetryBus) => void,
): Promise<ExporterSnapshot> {
  const destination = otlpLogsDestination(env);
  if (destination === undefined) throw new Error("set OTEL_EXPORTER_OTLP_ENDPOINT, such as http://localhost:4318");
  const instance = randomUUID();
  const exporter = new OTLPAuditExporter({
    destination,
    resource: auditResource(env, { version: "1.0.0", instance }),
    instance,
    version: "1.0.0",
    ids: new EventIds(instance),
    spool: { folder: spoolFolder, bytesMax: 256_000_000, whenFull: "drop_oldest" },
    onProblem: (problem) => void process.stderr.write(`${problem ?? "records arrive again"}\n`),
    // Inside a gateway, the clock of `@mcp-hangar/core`.
    clock: {
      nowMs: () => performance.now(),
      wallMs: () => Date.now(),
      schedule(delayMs, callback) {
        const timer = setTimeout(callback, delayMs);
        return () => clearTimeout(timer);
      },
      defer: (callback) => void setImmediate(callback),
    },
    random: Math.random,
  });
  await exporter.open();
  const bus = new TelemetryBus((listener, error) => void process.stderr.write(`${listener}: ${String(error)}\n`));
  bus.on(exporter.name, exporter.listener);
  try {
    emit(bus);
  } finally {
    // What the collector has not accepted by then waits in the folder for the next start.
    await exporter.close(5_000);
  }
  return exporter.snapshot();
}

/** Something that auditors ask for. */
export function serverDied(bus: TelemetryBus): void {
  bus.emit({
    type: "server.state_changed",
    timeMs: Date.now(),
    server: registeredName("math"),
    from: "ready",
    to: "dead",
    cause: "session_ended",
  });
}
