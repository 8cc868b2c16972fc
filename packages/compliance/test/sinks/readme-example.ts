import { type AuditFormat, auditRecords, FileSink, SinkExporter } from "@mcp-hangar/compliance";
import type { Clock } from "@mcp-hangar/delivery";
import { EventIds } from "@mcp-hangar/telemetry";

/** What is denied goes to a file that is rotated. Subscribe its `listener` to the telemetry bus, and close it at the end. */
export function denialsToFile(path: string, format: AuditFormat, clock: Clock): SinkExporter {
  const rotation = { bytesMax: 100_000_000, ageMaxMs: 86_400_000 };
  return new SinkExporter({
    sink: new FileSink({ name: "denials", path, rotation, retention: { filesMax: 200 }, compress: true, clock }),
    format,
    filter: { types: ["tool.call.denied", "authentication.*"], severityMin: 3 },
    // Exporters of one source share the record of an event.
    source: { kind: "bus", recordOf: auditRecords({ ids: new EventIds("run-1"), instance: "gateway-1" }) },
    onProblem: (problem) => void process.stderr.write(`${problem ?? "records arrive again"}\n`),
    clock,
    random: Math.random,
  });
}
