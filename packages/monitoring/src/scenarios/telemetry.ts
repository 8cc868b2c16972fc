import { catalog, EXPORT_SIGNALS } from "@mcp-hangar/telemetry";
import type { Context } from "../context.ts";
import type { Topic } from "../model.ts";
import { allAt, counter, lastSuccess, steady } from "./series.ts";
import { alertNamed, type Coverage, type Story, tell, together } from "./story.ts";

const { telemetryDropped: dropped, telemetryFailures: failures } = catalog;
const NOT_AUDIT = EXPORT_SIGNALS.filter((signal) => signal !== "audit");

/** Exporters that deliver nothing or lose records, listeners that throw, and metrics that are full. */
export function telemetry(context: Context, { alerts }: Topic): Coverage {
  const { ListenerErrors, MetricSeriesLimitReached } = context.options.alerts;
  const listener = { listener: "metrics" } as const;
  const metric = { metric: catalog.toolCalls.name } as const;
  return together(
    tell(context, alertNamed(alerts, "TelemetryExportFailing"), [silentExporter(context), fewFailures(context)]),
    tell(context, alertNamed(alerts, "AuditRecordsDropped"), [lostAuditRecords(context)]),
    tell(context, alertNamed(alerts, "TelemetryRecordsDropped"), lostRecords(context)),
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
  const { silence, window, count } = options.alerts.TelemetryExportFailing;
  const exporter = { exporter: "otlp_traces", signal: "traces" } as const;
  const failed = { below: count, above: count + 1 };
  return {
    course: { kind: "silence", silence, window },
    series: [
      // Of the first gateway, in two series, for `counter` gives each instance a half.
      ...counter(failures, { ...exporter, reason: "connection" }, failed),
      ...counter(failures, { ...exporter, reason: "timeout" }, failed),
      ...lastSuccess(catalog.telemetryLastSuccess, exporter),
    ],
    firing: exporter,
  };
}

/** It has never delivered anything: a few failed attempts say that there was little to deliver, not that none works. */
function fewFailures({ options }: Context): Story {
  const { window, count } = options.alerts.TelemetryExportFailing;
  const exporter = { exporter: "langfuse", signal: "traces" } as const;
  const failed = counter(failures, { ...exporter, reason: "connection" }, { below: count, above: count + 1 });
  return {
    about: "few attempts",
    course: { kind: "event", window },
    series: [...allAt("a:8000", failed), ...steady(catalog.telemetryLastSuccess, exporter, 0)],
    firing: exporter,
  };
}

/** What the other exporters lose is no hole in the audit trail, however much it is. */
function lostAuditRecords({ options }: Context): Story {
  const { count, window } = options.alerts.AuditRecordsDropped;
  const exporter = { exporter: "otlp_audit", signal: "audit" } as const;
  return {
    course: { kind: "event", window },
    series: [
      ...counter(dropped, { ...exporter, reason: "queue_full" }, { below: count, above: count + 1 }),
      // Left out on purpose.
      ...counter(dropped, { ...exporter, reason: "sampled" }, 10),
      ...NOT_AUDIT.flatMap((signal) => counter(dropped, { exporter: signal, signal, reason: "queue_full" }, 10)),
    ],
    firing: exporter,
  };
}

/** One story a signal: each is lost while all others are well but for audit records, for which another alert is there. */
function lostRecords({ options }: Context): readonly Story[] {
  const { count, window } = options.alerts.TelemetryRecordsDropped;
  return NOT_AUDIT.map((signal) => {
    const exporter = { exporter: `some_${signal}`, signal } as const;
    return {
      about: signal,
      course: { kind: "event", window },
      series: [
        ...counter(dropped, { ...exporter, reason: "queue_full" }, { below: count, above: count + 1 }),
        ...counter(dropped, { ...exporter, reason: "sampled" }, 10),
        ...counter(dropped, { exporter: "otlp_audit", signal: "audit", reason: "queue_full" }, 10),
      ],
      firing: exporter,
    };
  });
}
