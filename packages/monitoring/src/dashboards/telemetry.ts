import { catalog } from "@mcp-hangar/telemetry";
import { by, max, sum } from "../promql/aggregate.ts";
import { prometheusMetrics, runtime } from "../promql/external.ts";
import { increase, rate, secondsSince } from "../promql/functions.ts";
import { multiply, portion } from "../promql/operators.ts";
import { configReloads, firingAlerts, gatewayStarts } from "./annotations.ts";
import { type Board, instanceVariable, jobVariable } from "./board.ts";
import { otherDashboards } from "./drill-down.ts";
import { layOut, type SectionDraft } from "./layout.ts";
import { load } from "./load-section.ts";
import { query, RATE } from "./measures.ts";
import type { Dashboard } from "./model.ts";
import { chart, stackedChart, stat } from "./panels.ts";

const NONE = "no exporters";
/** A tenth of the time is felt by callers; well-sized heaps need a hundredth. */
const MUCH_GARBAGE = 0.1;
const perExporter = by("exporter");

/** Whether audit records, traces and metrics arrive where they should. */
export function telemetryBoard(board: Board): Dashboard {
  return {
    uid: "mcp-hangar-telemetry",
    title: "MCP Hangar / Telemetry",
    description: "Whether audit records, traces and metrics arrive, and what is lost on the way.",
    dataSources: ["prometheus"],
    from: "now-3h",
    variables: [jobVariable, instanceVariable],
    annotations: [gatewayStarts(board), configReloads(board), firingAlerts(board)],
    links: otherDashboards("mcp-hangar-telemetry"),
    ...layOut([exporters, metrics, processes, load].map((section) => section(board))),
  };
}

function exporters({ chosen, draw, options }: Board): SectionDraft {
  const { telemetryEvents, telemetryDropped, telemetryFailures, telemetryLastSuccess } = catalog;
  const {
    TelemetryRecordsDropped: dropped,
    TelemetryExportFailing: failing,
    ListenerErrors: listeners,
  } = options.alerts;
  const lastSuccess = chosen.series(telemetryLastSuccess);
  const fill = portion(
    sum(chosen.series(catalog.telemetryQueueSize), perExporter),
    sum(chosen.series(catalog.telemetryQueueCapacity), perExporter),
  );
  return {
    id: 100,
    title: "Exporters",
    rows: [
      [
        stat({
          key: "last-delivery",
          id: 101,
          title: "Last delivery",
          description:
            "When each exporter last delivered something. Long ago is normal while nothing happens, but not while calls come in.",
          unit: "dateTimeFromNow",
          queries: [query(multiply(max(lastSuccess, perExporter), 1_000), "{{exporter}}")],
          meanings: [{ value: 0, text: "never", tone: "attention" }],
          width: 24,
          whenEmpty: NONE,
        }),
      ],
      [
        chart({
          key: "delivered",
          id: 102,
          title: "Delivered",
          description: "Records that each exporter delivers a second. It should follow the tool calls.",
          unit: "ops",
          queries: [query(sum(rate(chosen.series(telemetryEvents), RATE), perExporter), "{{exporter}}")],
          whenEmpty: NONE,
        }),
        chart({
          key: "failures",
          id: 103,
          title: "Failed attempts",
          description: `Attempts to deliver that failed within ${failing.window}, by reason. TelemetryExportFailing fires if meanwhile nothing arrives.`,
          unit: "short",
          queries: [
            query(
              sum(increase(chosen.series(telemetryFailures), failing.window), by("exporter", "reason")),
              "{{exporter}} {{reason}}",
            ),
          ],
          drawn: draw("short", "TelemetryExportFailing"),
          whenEmpty: NONE,
        }),
        chart({
          key: "silence",
          id: 104,
          title: "Time since the last delivery",
          description:
            "Grows while nothing is delivered. Above the line, with failed attempts, the alert TelemetryExportFailing fires.",
          unit: "s",
          queries: [query(max(secondsSince(lastSuccess), perExporter), "{{exporter}}")],
          drawn: draw("s", "TelemetryExportFailing"),
          whenEmpty: NONE,
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
              "{{signal}}: {{exporter}} {{reason}}",
            ),
          ],
          drawn: draw("short", "AuditRecordsDropped", "TelemetryRecordsDropped"),
          whenEmpty: NONE,
        }),
        chart({
          key: "queues",
          id: 106,
          title: "Queues",
          description: "How full the queue of each exporter is. At 100 % records are lost.",
          unit: "percentunit",
          queries: [query(fill, "{{exporter}}")],
          whenEmpty: NONE,
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
          whenEmpty: "no listeners",
        }),
      ],
    ],
  };
}

function metrics({ chosen, draw, options }: Board): SectionDraft {
  const { window } = options.alerts.MetricSeriesLimitReached;
  const overflows = increase(chosen.series(catalog.seriesOverflows), window);
  return {
    id: 200,
    title: "Metrics",
    rows: [
      [
        chart({
          key: "series-overflows",
          id: 201,
          title: "Observations without a series",
          description: `Counted as _other within ${window}, because the metric has as many series as it may. MetricSeriesLimitReached fires.`,
          unit: "short",
          queries: [query(sum(overflows, by("metric")), "{{metric}}")],
          drawn: draw("short", "MetricSeriesLimitReached"),
          width: 6,
          whenEmpty: "none",
        }),
        chart({
          key: "scrape-duration",
          id: 202,
          title: "Scrape duration",
          description: `How long Prometheus waits for the metrics. It gives up after ${options.scrapeTimeout}.`,
          unit: "s",
          queries: [query(max(chosen.series(prometheusMetrics.scrapeDuration), by("instance")), "{{instance}}")],
          width: 6,
        }),
        chart({
          key: "scrape-samples",
          id: 203,
          title: "Samples a scrape",
          description: "How many samples each gateway exposes. It grows with servers and tools.",
          unit: "short",
          queries: [query(max(chosen.series(prometheusMetrics.scrapeSamples), by("instance")), "{{instance}}")],
          width: 6,
        }),
        chart({
          key: "new-series",
          id: 204,
          title: "New series a scrape",
          description: "Series that were not there before. Many all the time are labels that never end.",
          unit: "short",
          queries: [query(max(chosen.series(prometheusMetrics.scrapeSeriesAdded), by("instance")), "{{instance}}")],
          width: 6,
        }),
      ],
    ],
  };
}

function processes({ chosen }: Board): SectionDraft {
  const heapShare = portion(
    max(chosen.series(runtime.heapUsed), by("instance")),
    max(chosen.series(runtime.heapLimit), by("instance")),
  );
  const collections = sum(rate(chosen.total(runtime.gcDuration), RATE), by("instance", "kind"));
  return {
    id: 300,
    title: "Processes",
    rows: [
      [
        chart({
          key: "heap",
          id: 301,
          title: "JavaScript heap",
          description: "The used share of the heap that Node.js may have. At 100 % the process ends.",
          unit: "percentunit",
          queries: [query(heapShare, "{{instance}}")],
          width: 6,
        }),
        stackedChart({
          key: "garbage-collection",
          id: 302,
          title: "Garbage collection",
          description:
            "The share of time that is spent collecting garbage. Above the line the heap is too small or something leaks.",
          unit: "percentunit",
          queries: [query(collections, "{{instance}} {{kind}}")],
          thresholds: [{ value: MUCH_GARBAGE, tone: "attention" }],
          width: 6,
        }),
        chart({
          key: "event-loop-lag",
          id: 303,
          title: "Event loop delay",
          description: "The mean and the longest delay of the event loop in the last seconds.",
          unit: "s",
          queries: [
            query(max(chosen.series(runtime.eventLoopLagMean), by("instance")), "{{instance}} mean"),
            query(max(chosen.series(runtime.eventLoopLagMax), by("instance")), "{{instance}} longest"),
          ],
          width: 6,
        }),
        chart({
          key: "file-descriptors",
          id: 304,
          title: "File descriptors",
          description: "Open files and sockets. A number that only grows is a leak.",
          unit: "short",
          queries: [query(max(chosen.series(runtime.processOpenFds), by("instance")), "{{instance}}")],
          width: 6,
          whenEmpty: "not told on this system",
        }),
      ],
    ],
  };
}
