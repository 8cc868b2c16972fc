import type { Context } from "../context.ts";
import { alertRule, when } from "../define.ts";
import type { AlertRule, Topic } from "../model.ts";
import type { Severity } from "../names.ts";
import { by, sum } from "../promql/aggregate.ts";
import { alertmanagerOwn, prometheusOwn } from "../promql/external.ts";
import { increase } from "../promql/functions.ts";
import { or } from "../promql/operators.ts";
import { not, type Test } from "../promql/select.ts";
import { label, text, value, whereThere } from "../template.ts";

const uid = "mcp-hangar-telemetry";

/** What wakes people, as Alertmanager names it: its own failures have to be told by something else. */
const PAGER = "pagerduty";

/**
 * Whether those who watch can see and speak. Their series have jobs of their own; the alerts get that of the gateways, so that they
 * are where all others of the installation are.
 */
export function watchers(context: Context): Topic {
  return {
    name: "watchers",
    recordingRules: [],
    alerts: [
      notificationsFailing(context, {
        integration: not(PAGER),
        severity: context.options.alerts.AlertNotificationsFailing.severity,
      }),
      notificationsFailing(context, { integration: PAGER, severity: "warning", variant: "pager" }),
      unreachable(context),
      evaluationsFailing(context),
      configNotLoaded(context),
    ],
  };
}

/** Whoever does not get through is told of by another: of the pager the receiver of warnings, of all others the pager. */
function notificationsFailing(
  { options, watchers: { alertmanager } }: Context,
  of: { readonly integration: Test<string>; readonly severity: Severity; readonly variant?: string },
): AlertRule {
  const { severity, integration, ...variant } = of;
  const setting = { ...options.alerts.AlertNotificationsFailing, severity };
  const failed = alertmanager.series(alertmanagerOwn.notificationsFailed, { integration });
  const failures = sum(increase(failed, setting.window), by("job", "integration"));
  const condition = when(failures, ">=", { threshold: setting.times, unit: "short" });
  return alertRule({
    alert: "AlertNotificationsFailing",
    ...variant,
    setting,
    expr: condition.expr,
    conditions: [condition],
    labels: { job: options.jobName },
    summary: text`Alertmanager does not get through to ${label("integration")}`,
    description: text`Alertmanager has given up ${value("number")} notifications to ${label("integration")} within ${setting.window}. Whoever is told of alerts there hears nothing.`,
    dashboard: { uid, panel: "notifications-failed" },
  });
}

/** By each that is told, for the others may still tell; and by all of them. */
function unreachable({ options, watchers: { prometheus } }: Context): AlertRule {
  const setting = options.alerts.AlertmanagerUnreachable;
  const limit = { threshold: setting.times, unit: "short" } as const;
  const byOne = when(increase(prometheus.series(prometheusOwn.notTaken), setting.window), ">=", limit);
  // A Prometheus that knows no Alertmanager has no series by one.
  const byAny = when(increase(prometheus.series(prometheusOwn.notTakenByAny), setting.window), ">=", limit);
  return alertRule({
    alert: "AlertmanagerUnreachable",
    setting,
    expr: or(byOne.expr, byAny.expr),
    conditions: [byOne, byAny],
    labels: { job: options.jobName },
    summary: text`Prometheus ${label("instance")} does not get its alerts to Alertmanager`,
    description: text`Within ${setting.window}, Prometheus ${label("instance")} could not hand over its alerts${whereThere(" to ", "alertmanager")} ${value("number")} times. It tries again each minute; what is over before then nobody hears of.`,
    dashboard: { uid, panel: "alerts-not-taken" },
  });
}

function evaluationsFailing({ options, watchers: { prometheus } }: Context): AlertRule {
  const setting = options.alerts.RuleEvaluationsFailing;
  const failures = increase(prometheus.series(prometheusOwn.ruleFailures), setting.window);
  const condition = when(sum(failures, by("job", "rule_group")), ">=", { threshold: setting.times, unit: "short" });
  return alertRule({
    alert: "RuleEvaluationsFailing",
    setting,
    expr: condition.expr,
    conditions: [condition],
    labels: { job: options.jobName },
    summary: text`Prometheus cannot evaluate rules of ${label("rule_group")}`,
    description: text`Evaluations of rules of ${label("rule_group")} that have failed within ${setting.window}: ${value("number")}. Alerts among these rules cannot fire.`,
    dashboard: { uid, panel: "evaluations-failed" },
  });
}

function configNotLoaded({ options, watchers: { prometheus, alertmanager } }: Context): AlertRule {
  const no = { threshold: 0, unit: "bool" } as const;
  const inPrometheus = when(prometheus.series(prometheusOwn.configLoaded), "==", no);
  const inAlertmanager = when(alertmanager.series(alertmanagerOwn.configLoaded), "==", no);
  return alertRule({
    alert: "MonitoringConfigNotLoaded",
    setting: options.alerts.MonitoringConfigNotLoaded,
    expr: or(inPrometheus.expr, inAlertmanager.expr),
    conditions: [inPrometheus, inAlertmanager],
    labels: { job: options.jobName },
    summary: text`The monitoring at ${label("instance")} has not loaded its configuration`,
    description: text`Prometheus or Alertmanager at ${label("instance")} refused what it read last and goes on with what it had before: changed rules, targets, routes or receivers are not in force. A restart would fail.`,
    dashboard: { uid, panel: "monitoring-config" },
  });
}
