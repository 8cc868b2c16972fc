import { catalog } from "@mcp-hangar/telemetry";
import { counting, type Incident, level, scraped } from "../incident.ts";

/** Telemetry that does not arrive. */
export const telemetry: readonly Incident[] = [
  {
    what: "An audit record is lost",
    minutes: 20,
    series: [
      scraped(20),
      counting(
        catalog.telemetryDropped,
        { exporter: "otlp_audit", signal: "audit", reason: "queue_full" },
        [10, 0],
        [1, 1],
        [9, 0],
      ),
    ],
    pages: { AuditRecordsDropped: 11 },
  },
  {
    what: "Spans are lost",
    minutes: 20,
    series: [
      scraped(20),
      counting(
        catalog.telemetryDropped,
        { exporter: "otlp_traces", signal: "traces", reason: "queue_full" },
        [10, 0],
        [10, 5],
      ),
    ],
    warns: { TelemetryRecordsDropped: 11 },
  },
  {
    what: "The destination of an exporter is away",
    minutes: 40,
    series: [
      scraped(40),
      counting(
        catalog.telemetryFailures,
        { exporter: "langfuse", signal: "traces", reason: "connection" },
        [10, 0],
        [30, 2],
      ),
      {
        ...level(catalog.telemetryLastSuccess, { exporter: "langfuse", signal: "traces" }, [40, 0]),
        values: "0+15x40 600x120",
      },
    ],
    warns: { TelemetryExportFailing: 21 },
  },
  {
    what: "More tools than a metric may have series",
    minutes: 20,
    series: [
      scraped(20),
      counting(catalog.seriesOverflows, { metric: "mcp_hangar_tool_calls_total" }, [10, 0], [10, 1]),
    ],
    warns: { MetricSeriesLimitReached: 11 },
  },
  {
    what: "A listener of telemetry throws",
    minutes: 20,
    series: [scraped(20), counting(catalog.listenerErrors, { listener: "metrics" }, [10, 0], [10, 1])],
    warns: { ListenerErrors: 11 },
  },
];
