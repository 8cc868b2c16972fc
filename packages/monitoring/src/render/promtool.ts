import type { AlertRule, Scenario, ScenarioSeries } from "../model.ts";
import type { Stack } from "../stack.ts";

/** Where a test file finds the rules: one folder above it. */
const RULE_FILES = ["../alerts.yaml", "../recording-rules.yaml"];

/**
 * A test file for promtool. Alerts are read from the series `ALERTS`, which has their labels but not their texts, so that
 * a changed sentence breaks no test.
 */
export function promtoolTests(scenarios: readonly Scenario[], { alerts, options }: Stack): object {
  return {
    rule_files: RULE_FILES,
    evaluation_interval: options.evaluationInterval,
    tests: scenarios.map((scenario) => testOf(scenario, alertWith(scenario.alert, alerts))),
  };
}

function testOf({ kind, title, interval, series, expect }: Scenario, alert: AlertRule): object {
  const labels = { alertname: alert.name, alertstate: "firing", severity: alert.severity, ...alert.labels };
  return {
    name: `${alert.id}: ${kind}: ${title}`,
    interval,
    input_series: series.map((each) => ({ series: seriesName(each), values: each.values })),
    promql_expr_test: expect.map(({ at, firing }) => ({
      expr: `ALERTS${braces(labels)}`,
      eval_time: at,
      exp_samples: firing.map((own) => ({ labels: `ALERTS${braces({ ...labels, ...own })}`, value: 1 })),
    })),
  };
}

function alertWith(id: string, alerts: readonly AlertRule[]): AlertRule {
  const alert = alerts.find((each) => each.id === id);
  if (alert === undefined) throw new Error(`A scenario is about the alert ${id}, which does not exist.`);
  return alert;
}

function seriesName({ metric, suffix = "", labels }: ScenarioSeries): string {
  return `${metric.name}${suffix}${braces(labels)}`;
}

function braces(labels: Readonly<Record<string, string>>): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}=${JSON.stringify(value)}`);
  return `{${pairs.join(", ")}}`;
}
