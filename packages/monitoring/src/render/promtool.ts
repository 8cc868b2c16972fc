import type { AlertRule, Scenario, ScenarioExpectation, ScenarioSeries } from "../model.ts";
import type { Duration } from "../promql/duration.ts";
import { printPromql } from "../promql/print.ts";
import type { Expression } from "../promql/vector.ts";
import type { Stack } from "../stack.ts";
import { groupNames } from "./rules.ts";

/** Where a test file finds the rules: one folder above it. */
const RULE_FILES = ["../alerts.yaml", "../recording-rules.yaml"];

/**
 * A test file for promtool. Alerts are read from the series `ALERTS`, which has their labels but not their texts, so that
 * a changed sentence breaks no test.
 */
export function promtoolTests(scenarios: readonly Scenario[], stack: Stack): object {
  const { alerts, options } = stack;
  return {
    rule_files: RULE_FILES,
    evaluation_interval: scenarios[0]?.every ?? options.evaluationInterval,
    // Otherwise the order is left to chance, and an alert may see what was recorded one evaluation before.
    group_eval_order: groupNames(stack),
    tests: scenarios.map((scenario) => testOf(scenario, alertWith(scenario.alert, alerts))),
  };
}

/** The test files for some scenarios: one, and a further one for each other pace of evaluation. */
export function promtoolFiles(
  name: string,
  scenarios: readonly Scenario[],
  stack: Stack,
): Readonly<Record<string, object>> {
  const byPace = Map.groupBy(scenarios, ({ every }) => every ?? stack.options.evaluationInterval);
  return Object.fromEntries(
    [...byPace].map(([every, some]) => {
      const suffix = every === stack.options.evaluationInterval ? "" : `-every-${every}`;
      return [`${name}${suffix}.yaml`, promtoolTests(some, stack)];
    }),
  );
}

/** A series with its labels, and what it has at each step in promtool's notation. */
export interface InputSeries {
  readonly series: string;
  readonly values: string;
}

/** Series as a test file gives them to promtool. */
export function inputSeries(series: readonly ScenarioSeries[]): readonly InputSeries[] {
  return series.map(({ metric, suffix = "", labels, values }) => ({
    series: `${metric.name}${suffix}${braces(labels)}`,
    values,
  }));
}

function testOf({ kind, title, interval, series, expect }: Scenario, alert: AlertRule): object {
  const labels = { alertname: alert.name, alertstate: "firing", severity: alert.severity, ...alert.labels };
  return {
    name: `${alert.id}: ${kind}: ${title}`,
    interval,
    input_series: inputSeries(series),
    promql_expr_test: [
      ...expect.map(({ at, firing }) => ({
        expr: `ALERTS${braces(labels)}`,
        eval_time: at,
        exp_samples: firing.map((own) => ({ labels: `ALERTS${braces({ ...labels, ...own })}`, value: 1 })),
      })),
      ...expect.flatMap(({ at, measured }) => (measured === undefined ? [] : measuredAt(at, measured, alert))),
    ],
  };
}

function measuredAt(
  at: Duration,
  measured: NonNullable<ScenarioExpectation["measured"]>,
  { conditions }: AlertRule,
): readonly object[] {
  const told = conditions.filter(({ isMinimum }) => isMinimum !== true);
  return told.map(({ measure }) => ({
    expr: printPromql(measure),
    eval_time: at,
    exp_samples: measured.map(({ labels, value }) => ({ labels: seriesLabels(measure, labels), value })),
  }));
}

/** A selector keeps the name of its metric, anything that computes drops it. */
function seriesLabels({ node }: Expression, labels: Readonly<Record<string, string>>): string {
  return node.kind === "selector" ? `${node.metric.name}${node.suffix}${braces(labels)}` : braces(labels);
}

function alertWith(id: string, alerts: readonly AlertRule[]): AlertRule {
  const alert = alerts.find((each) => each.id === id);
  if (alert === undefined) throw new Error(`A scenario is about the alert ${id}, which does not exist.`);
  return alert;
}

/** Labels as PromQL writes them. */
export function braces(labels: Readonly<Record<string, string>>): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}=${JSON.stringify(value)}`);
  return `{${pairs.join(", ")}}`;
}
