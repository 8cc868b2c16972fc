import type { AlertRule, RecordingRule } from "../model.ts";
import { SEVERITIES } from "../names.ts";
import { alsoBy } from "../promql/also-by.ts";
import { printPromql } from "../promql/print.ts";
import type { Expression } from "../promql/vector.ts";
import type { Stack } from "../stack.ts";
import { printTemplate } from "../template.ts";
import { dashboardUrl, runbookUrl } from "./links.ts";

/** A group of rules as Prometheus and the PrometheusRule of Kubernetes have it. */
export interface RuleGroup {
  readonly name: string;
  readonly interval?: string;
  readonly rules: readonly object[];
}

/** The alerts, one group a severity. */
export function alertGroups(stack: Stack): readonly RuleGroup[] {
  return groupedAlerts(stack).map(({ name, alerts }) => ({
    name,
    rules: alerts.map((alert) => alertOf(alert, stack)),
  }));
}

/** The recording rules, one group a topic and evaluation interval. */
export function recordingGroups(stack: Stack): readonly RuleGroup[] {
  return groupedRecords(stack).map(({ name, every, rules }) => ({
    name,
    ...(every === undefined ? {} : { interval: every }),
    rules: rules.map((rule) => recordingOf(rule, stack)),
  }));
}

/** The names of all groups in the order of their evaluation: an alert sees what is recorded in the same evaluation. */
export function groupNames(stack: Stack): readonly string[] {
  return [...groupedRecords(stack), ...groupedAlerts(stack)].map(({ name }) => name);
}

function groupedAlerts({ alerts }: Stack): readonly { readonly name: string; readonly alerts: readonly AlertRule[] }[] {
  return SEVERITIES.map((severity) => ({
    name: `mcp-hangar-${severity === "none" ? "heartbeat" : severity}`,
    alerts: alerts.filter((alert) => alert.severity === severity),
  })).filter((group) => group.alerts.length > 0);
}

function groupedRecords({ topics }: Stack): readonly {
  readonly name: string;
  readonly every: RecordingRule["every"];
  readonly rules: readonly RecordingRule[];
}[] {
  return topics.flatMap(({ name, recordingRules }) =>
    [...Map.groupBy(recordingRules, ({ every }) => every)].map(([every, rules]) => ({
      name: `mcp-hangar-${name}${every === undefined ? "" : `-every-${every}`}`,
      every,
      rules,
    })),
  );
}

function alertOf(alert: AlertRule, stack: Stack): object {
  return {
    alert: alert.name,
    expr: printPromql(asDeployed(alert.expr, stack)),
    ...(alert.for === "0s" ? {} : { for: alert.for }),
    labels: { severity: alert.severity, ...alert.labels },
    annotations: {
      summary: printTemplate(alert.summary, stack.options),
      description: printTemplate(alert.description, stack.options),
      runbook_url: runbookUrl(alert, stack.options),
      dashboard_url: dashboardUrl(alert, stack),
    },
  };
}

/** An expression of the definitions with the labels that an installation keeps beside the job. */
export function asDeployed({ node }: Expression, { options }: Pick<Stack, "options">): Expression {
  return { node: alsoBy(node, options.targetLabels) };
}

function recordingOf({ record, expr, labels }: RecordingRule, stack: Stack): object {
  return {
    record,
    expr: printPromql(asDeployed(expr, stack)),
    ...(Object.keys(labels).length === 0 ? {} : { labels }),
  };
}
