import { catalog } from "@mcp-hangar/telemetry";
import type { Context } from "../context.ts";
import { alertRule, when } from "../define.ts";
import type { AlertRule, Topic } from "../model.ts";
import { by, max, sum } from "../promql/aggregate.ts";
import { toSeconds } from "../promql/duration.ts";
import { increase, secondsSince } from "../promql/functions.ts";
import { and } from "../promql/operators.ts";
import { not } from "../promql/select.ts";
import { label, text, value } from "../template.ts";

const dashboard = { uid: "mcp-hangar-telemetry" } as const;
const perExporter = by("job", "exporter", "signal");

/** Whether telemetry itself arrives: an exporter that loses records silently is worse than none. */
export function telemetry(context: Context): Topic {
  return {
    name: "telemetry",
    recordingRules: [],
    alerts: [
      exportFailing(context),
      auditDropped(context),
      recordsDropped(context),
      listenerErrors(context),
      seriesLimit(context),
    ],
  };
}

/**
 * Attempts that fail and are repeated successfully are no trouble; failures while nothing arrives are. Both are asked of
 * each gateway by itself, for one that is idle delivers nothing, and another may fail now and then. A few failures are
 * those of an exporter that has had nothing to deliver since.
 */
function exportFailing({ options, rules }: Context): AlertRule {
  const setting = options.alerts.TelemetryExportFailing;
  const perGateway = by("job", "instance", "exporter", "signal");
  const failures = sum(increase(rules.series(catalog.telemetryFailures), setting.window), perGateway);
  const silence = max(secondsSince(rules.series(catalog.telemetryLastSuccess)), perGateway);
  const silent = when(silence, ">", { threshold: toSeconds(setting.silence), unit: "s" });
  const failing = when(failures, ">", { threshold: setting.count, unit: "short" });
  return alertRule({
    alert: "TelemetryExportFailing",
    setting,
    expr: sum(and(failing.expr, silent.expr), perExporter),
    conditions: [failing, silent],
    summary: text`The exporter ${label("exporter")} of ${label("job")} delivers nothing`,
    description: text`The exporter ${label("exporter")} (${label("job")}), which carries the signal ${label("signal")}, failed ${value("number")} times within ${setting.window} and has delivered nothing for more than ${setting.silence}. Its queue fills up, then records are lost.`,
    dashboard,
  });
}

/** What is lost of audit records cannot be had again, and somebody relies on it; the signal says what an exporter carries. */
function auditDropped({ options, rules }: Context): AlertRule {
  const setting = options.alerts.AuditRecordsDropped;
  const dropped = rules.series(catalog.telemetryDropped, { signal: "audit", reason: not("sampled") });
  const lost = sum(increase(dropped, setting.window), perExporter);
  const condition = when(lost, ">", { threshold: setting.count, unit: "short" });
  return alertRule({
    alert: "AuditRecordsDropped",
    setting,
    expr: condition.expr,
    conditions: [condition],
    summary: text`The exporter ${label("exporter")} of ${label("job")} loses audit records`,
    description: text`Audit records that the exporter ${label("exporter")} (${label("job")}) has lost within ${setting.window}: ${value("number")}. The audit trail has a hole.`,
    dashboard,
  });
}

function recordsDropped({ options, rules }: Context): AlertRule {
  const setting = options.alerts.TelemetryRecordsDropped;
  const dropped = rules.series(catalog.telemetryDropped, { signal: not("audit"), reason: not("sampled") });
  const lost = sum(increase(dropped, setting.window), perExporter);
  const condition = when(lost, ">", { threshold: setting.count, unit: "short" });
  return alertRule({
    alert: "TelemetryRecordsDropped",
    setting,
    expr: condition.expr,
    conditions: [condition],
    summary: text`The exporter ${label("exporter")} of ${label("job")} loses records`,
    description: text`Records that the exporter ${label("exporter")} (${label("job")}), which carries the signal ${label("signal")}, has lost within ${setting.window}: ${value("number")}.`,
    dashboard,
  });
}

function listenerErrors({ options, rules }: Context): AlertRule {
  const setting = options.alerts.ListenerErrors;
  const errors = sum(increase(rules.series(catalog.listenerErrors), setting.window), by("job", "listener"));
  const condition = when(errors, ">", { threshold: setting.count, unit: "short" });
  return alertRule({
    alert: "ListenerErrors",
    setting,
    expr: condition.expr,
    conditions: [condition],
    summary: text`The telemetry listener ${label("listener")} of ${label("job")} throws`,
    description: text`Exceptions that the listener ${label("listener")} has thrown within ${setting.window}: ${value("number")}. Calls go on, but what it should have recorded is missing. This is a defect of MCP Hangar.`,
    dashboard,
  });
}

function seriesLimit({ options, rules }: Context): AlertRule {
  const setting = options.alerts.MetricSeriesLimitReached;
  const folded = sum(increase(rules.series(catalog.seriesOverflows), setting.window), by("job", "metric"));
  const condition = when(folded, ">", { threshold: setting.count, unit: "short" });
  return alertRule({
    alert: "MetricSeriesLimitReached",
    setting,
    expr: condition.expr,
    conditions: [condition],
    summary: text`The metric ${label("metric")} has reached its series limit`,
    description: text`The metric ${label("metric")} (${label("job")}) has as many series as it may have. Observations counted as _other within ${setting.window}: ${value("number")}.`,
    dashboard,
  });
}
