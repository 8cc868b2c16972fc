import { catalog } from "@mcp-hangar/telemetry";
import { by, max, sum } from "../../promql/aggregate.ts";
import { increase, rate, secondsSince } from "../../promql/functions.ts";
import { compare, multiply, portion } from "../../promql/operators.ts";
import { not } from "../../promql/select.ts";
import type { Vector } from "../../promql/vector.ts";
import type { Board } from "../board.ts";
import type { PanelDraft, SectionDraft } from "../layout.ts";
import { query, RATE } from "../measures.ts";
import type { Threshold } from "../model.ts";
import { chart, table } from "../panels.ts";
import { whyEmpty } from "../why-empty.ts";

const perExporter = by("exporter", "signal");
/** What waits in a queue that is half full has begun to be many; soon after there is no room. */
const FULL: readonly Threshold[] = [
  { value: 0.5, tone: "soon" },
  { value: 0.9, tone: "bad" },
];
const LEGEND = "{{exporter}} ({{signal}})";

/** What carries spans, audit records, observations, log lines and the history: what arrives, what waits, what is lost. */
export function exporters(board: Board): SectionDraft {
  const { chosen, draw, options } = board;
  const { telemetryEvents, telemetryDropped, telemetryFailures, telemetryLastSuccess } = catalog;
  const {
    TelemetryRecordsDropped: dropped,
    TelemetryExportFailing: failing,
    ListenerErrors: listeners,
  } = options.alerts;
  const lastSuccess = max(compare(chosen.series(telemetryLastSuccess), ">", 0), perExporter);
  return {
    id: 100,
    title: "Exporters",
    rows: [
      [exporterTable(board)],
      [
        chart({
          key: "delivered",
          id: 102,
          title: "Delivered",
          description:
            "Records that each exporter delivers a second: spans, audit records, observations, lines. It should follow the tool calls.",
          unit: "ops",
          queries: [query(sum(rate(chosen.series(telemetryEvents), RATE), perExporter), LEGEND)],
          whenEmpty: whyEmpty.exporters,
        }),
        chart({
          key: "failures",
          id: 103,
          title: "Failed attempts",
          description: `Attempts to deliver that failed within ${failing.window}, by reason. TelemetryExportFailing fires if meanwhile nothing arrives.`,
          unit: "short",
          queries: [
            query(
              sum(increase(chosen.series(telemetryFailures), failing.window), by("exporter", "signal", "reason")),
              `${LEGEND} {{reason}}`,
            ),
          ],
          drawn: draw("short", "TelemetryExportFailing"),
          whenEmpty: whyEmpty.exporters,
        }),
        chart({
          key: "silence",
          id: 104,
          title: "Time since the last delivery",
          description:
            "Grows while nothing is delivered. Above the line, with failed attempts, the alert TelemetryExportFailing fires. An exporter that never delivered has no line; the table says never.",
          unit: "s",
          queries: [query(secondsSince(lastSuccess), LEGEND)],
          drawn: draw("s", "TelemetryExportFailing"),
          whenEmpty: "no exporter has delivered anything yet",
        }),
      ],
      [
        chart({
          key: "lost",
          id: 105,
          title: "Lost records",
          description: `Records given up within ${dropped.window}, by signal and reason. Of audit records any is a hole in the trail, and AuditRecordsDropped fires; of all others TelemetryRecordsDropped.`,
          unit: "short",
          queries: [
            query(
              sum(increase(chosen.series(telemetryDropped), dropped.window), by("exporter", "signal", "reason")),
              `${LEGEND} {{reason}}`,
            ),
          ],
          drawn: draw("short", "AuditRecordsDropped", "TelemetryRecordsDropped"),
          whenEmpty: whyEmpty.exporters,
        }),
        chart({
          key: "queues",
          id: 106,
          title: "Queues",
          description: "How full the queue of each exporter is. At 100 % records are lost.",
          unit: "percentunit",
          queries: [query(fillOf(board), LEGEND)],
          thresholds: FULL,
          whenEmpty: whyEmpty.exporters,
        }),
        chart({
          key: "listener-errors",
          id: 107,
          title: "Listener errors",
          description: `Exceptions of telemetry listeners within ${listeners.window}. Any is a defect of MCP Hangar: the alert ListenerErrors fires.`,
          unit: "short",
          queries: [
            query(
              sum(increase(chosen.series(catalog.listenerErrors), listeners.window), by("listener")),
              "{{listener}}",
            ),
          ],
          drawn: draw("short", "ListenerErrors"),
          whenEmpty: whyEmpty.gateways,
        }),
      ],
    ],
  };
}

/** One row an exporter. Lost ones are those that alerts count: what sampling leaves out is no loss. */
function exporterTable(board: Board): PanelDraft {
  const { chosen, options } = board;
  const { TelemetryRecordsDropped: dropped, TelemetryExportFailing: failing } = options.alerts;
  const lost = chosen.series(catalog.telemetryDropped, { reason: not("sampled") });
  return table({
    key: "exporters",
    id: 108,
    title: "Exporters",
    description: `Spans go through otlp_traces, audit records through otlp_audit, observations through langfuse. Failures are of ${failing.window}, lost records of ${dropped.window}. Long ago is normal without calls.`,
    unit: "none",
    queries: [
      {
        expr: multiply(max(chosen.series(catalog.telemetryLastSuccess), perExporter), 1_000),
        legend: "Last delivery",
        column: {
          title: "Last delivery",
          unit: "dateTimeFromNow",
          meanings: [{ value: 0, text: "never", tone: "attention" }],
        },
      },
      {
        expr: sum(rate(chosen.series(catalog.telemetryEvents), RATE), perExporter),
        legend: "Delivered",
        column: { title: "Delivered", unit: "ops" },
      },
      {
        expr: sum(chosen.series(catalog.telemetryQueueSize), perExporter),
        legend: "Waiting",
        column: { title: "Waiting", unit: "short" },
      },
      {
        expr: fillOf(board),
        legend: "Queue",
        column: { title: "Queue", unit: "percentunit", thresholds: FULL },
      },
      {
        expr: sum(increase(chosen.series(catalog.telemetryFailures), failing.window), perExporter),
        legend: "Failed attempts",
        column: { title: "Failed attempts", unit: "short" },
      },
      {
        expr: sum(increase(lost, dropped.window), perExporter),
        legend: "Lost",
        column: {
          title: "Lost",
          unit: "short",
          // A colour holds from its value on; the alert fires above its own.
          thresholds: [{ value: dropped.count + 0.001, tone: "attention" }],
        },
      },
    ],
    worstFirst: "Lost",
    whenEmpty: whyEmpty.exporters,
  });
}

function fillOf({ chosen }: Board): Vector<"exporter" | "signal", "fraction"> {
  const { telemetryQueueSize, telemetryQueueCapacity } = catalog;
  return portion(
    sum(chosen.series(telemetryQueueSize), perExporter),
    sum(chosen.series(telemetryQueueCapacity), perExporter),
  );
}
