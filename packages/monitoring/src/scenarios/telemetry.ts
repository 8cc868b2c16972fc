import { catalog } from "@mcp-hangar/telemetry";
import type { Context } from "../context.ts";
import type { Topic } from "../model.ts";
import { counter, lastSuccess } from "./series.ts";
import { alertNamed, type Coverage, type Story, tell, together } from "./story.ts";

const { telemetryDropped: dropped, telemetryFailures: failures } = catalog;

/** Exporters that deliver nothing or lose records, listeners that throw, and metrics that are full. */
export function telemetry(context: Context, { alerts }: Topic): Coverage {
  const { ListenerErrors, MetricSeriesLimitReached } = context.options.alerts;
  const listener = { listener: "metrics" } as const;
  const metric = { metric: catalog.toolCalls.name } as const;
  return together(
    tell(context, alertNamed(alerts, "TelemetryExportFailing"), [silentExporter(context)]),
    tell(context, alertNamed(alerts, "AuditRecordsDropped"), [lostRecords(context)]),
    tell(context, alertNamed(alerts, "ListenerErrors"), [
      {
        course: { kind: "event", window: ListenerErrors.window },
        series: counter(catalog.listenerErrors, listener, {
          below: ListenerErrors.count,
          above: ListenerErrors.count + 1,
        }),
        firing: listener,
      },
    ]),
    tell(context, alertNamed(alerts, "MetricSeriesLimitReached"), [
      {
        course: { kind: "event", window: MetricSeriesLimitReached.window },
        series: counter(catalog.seriesOverflows, metric, {
          below: MetricSeriesLimitReached.count,
          above: MetricSeriesLimitReached.count + 1,
        }),
        firing: metric,
      },
    ]),
  );
}

/** Attempts fail below the limit as well; but then some succeed. An idle exporter delivers nothing and fails nothing. */
function silentExporter({ options }: Context): Story {
  const { silence, window } = options.alerts.TelemetryExportFailing;
  const exporter = { exporter: "otlp_traces" } as const;
  return {
    course: { kind: "silence", silence, window },
    series: [
      // The limit is none at all, so a failure now and then is enough.
      ...counter(failures, { ...exporter, reason: "connection" }, { below: 2, above: 1 / 64 }),
      ...lastSuccess(catalog.telemetryLastSuccess, exporter),
    ],
    firing: exporter,
  };
}

function lostRecords({ options }: Context): Story {
  const { count, window, notAudit } = options.alerts.AuditRecordsDropped;
  const exporter = { exporter: "otlp_audit" } as const;
  return {
    course: { kind: "event", window },
    series: [
      ...counter(dropped, { ...exporter, reason: "queue_full" }, { below: count, above: count + 1 }),
      // Left out on purpose.
      ...counter(dropped, { ...exporter, reason: "sampled" }, 10),
      ...notAudit.flatMap((name) => counter(dropped, { exporter: name, reason: "queue_full" }, 10)),
    ],
    firing: exporter,
  };
}
