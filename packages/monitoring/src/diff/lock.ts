import {
  catalog,
  type LabelSpec,
  type MetricDefinition,
  type RuntimeMetricDefinition,
  runtimeMetrics,
} from "@mcp-hangar/telemetry";
import { alertLabels, fixedLabel } from "../checks/alert-labels.ts";
import type { AlertRule, RecordingRule } from "../model.ts";
import type { Stack } from "../stack.ts";

/** Marks the file, so that another JSON file is not taken for one. */
export const LOCK_KIND = "mcp-hangar-catalog";

/** Goes up when the shape of the file changes. */
export const LOCK_FORMAT = 1;

/** A label of a metric, a recording rule or an alert. */
export type LockedLabel =
  | { readonly name: string; readonly values: readonly string[] }
  /** Any name of a kind; `absent` stands for a name that is not known. */
  | { readonly name: string; readonly namesOf: string; readonly absent: string }
  /** Whatever Prometheus or the expression gives. */
  | { readonly name: string };

/** A metric as those who query it know it. */
export interface LockedMetric {
  readonly name: string;
  readonly type: "counter" | "gauge" | "histogram";
  readonly help: string;
  readonly labels: readonly LockedLabel[];
  /** Finite upper boundaries; of a histogram. */
  readonly buckets?: readonly number[] | undefined;
}

/** An alert, or the series of a recording rule. Where several rules share a name, the labels that all of them have. */
export interface LockedRule {
  readonly name: string;
  readonly labels: readonly LockedLabel[];
}

/** Every public name: what dashboards, rules, routes and silences of others are built upon. */
export interface CatalogLock {
  readonly kind: typeof LOCK_KIND;
  readonly format: typeof LOCK_FORMAT;
  readonly metrics: readonly LockedMetric[];
  readonly recordingRules: readonly LockedRule[];
  readonly alerts: readonly LockedRule[];
}

/** The public names of all metrics and of a stack, each list sorted, so that a change is one place in a diff. */
export function catalogLock({ alerts, recordingRules }: Pick<Stack, "alerts" | "recordingRules">): CatalogLock {
  return {
    kind: LOCK_KIND,
    format: LOCK_FORMAT,
    metrics: [
      ...Object.values<MetricDefinition>(catalog).map(lockedMetric),
      ...Object.values<RuntimeMetricDefinition>(runtimeMetrics).map(lockedRuntimeMetric),
    ].sort(byName),
    recordingRules: lockedRules(recordingRules, ({ record }) => record, labelsOfSeries),
    alerts: lockedRules(alerts, ({ name }) => name, labelsOfAlert),
  };
}

/** The lock as a file: one line a label, so that a change shows as it is meant. */
export function lockFile(lock: CatalogLock): string {
  // Short arrays and objects go on one line; the long ones are lists of metrics, rules and labels.
  const text = JSON.stringify(lock, undefined, 2);
  const joined = text.replace(/\[\n\s+([^[\]{}]*?)\n\s+\]/g, (_, items: string) => `[${oneLine(items)}]`);
  return `${joined.replace(/\{\n\s+([^{}]*?)\n\s+\}/g, onlyLabels)}\n`;
}

function oneLine(items: string): string {
  return items.replaceAll(/\n\s+/g, " ");
}

/** Metrics have a help text and labels below them; what has neither is a label. */
function onlyLabels(text: string, content: string): string {
  return content.includes('"labels"') ? text : `{ ${oneLine(content)} }`;
}

function lockedMetric({ name, type, help, labels, ...rest }: MetricDefinition): LockedMetric {
  const locked = Object.entries(labels).map(([label, spec]) => lockedLabel(label, spec));
  return { name, type, help, labels: locked.sort(byName), ...("buckets" in rest ? { buckets: rest.buckets } : {}) };
}

/** Of the process and of Node.js: their labels are not listed anywhere. */
function lockedRuntimeMetric({ name, type, help, labels, buckets }: RuntimeMetricDefinition): LockedMetric {
  const locked = labels.map((label): LockedLabel => ({ name: label }));
  return { name, type, help, labels: locked.sort(byName), ...(buckets === undefined ? {} : { buckets }) };
}

function lockedLabel(name: string, spec: LabelSpec): LockedLabel {
  return spec.kind === "closed" ? { name, values: [...spec.values] } : { name, namesOf: spec.of, absent: spec.absent };
}

function lockedRules<Rule>(
  rules: readonly Rule[],
  nameOf: (rule: Rule) => string,
  labelsOf: (rule: Rule) => readonly LockedLabel[],
): readonly LockedRule[] {
  const named = Map.groupBy(rules, nameOf);
  return [...named].map(([name, same]) => ({ name, labels: shared(same.map(labelsOf)) })).sort(byName);
}

/** The labels that are in all lists, with the values of all lists. */
function shared(lists: readonly (readonly LockedLabel[])[]): readonly LockedLabel[] {
  const everywhere = Map.groupBy(lists.flat(), ({ name }) => name);
  return [...everywhere]
    .filter(([, labels]) => labels.length === lists.length)
    .map(([name, labels]) => {
      const values = labels.map((label) => ("values" in label ? label.values : undefined));
      return values.every((each) => each !== undefined)
        ? { name, values: [...new Set(values.flat())].sort() }
        : { name };
    })
    .sort(byName);
}

function labelsOfSeries({ metric }: RecordingRule): readonly LockedLabel[] {
  return Object.entries(metric.labels).map(([name, spec]) =>
    spec.kind === "closed" ? { name, values: [...spec.values] } : { name },
  );
}

function labelsOfAlert(alert: AlertRule): readonly LockedLabel[] {
  return [...alertLabels(alert)]
    .filter((name) => name !== "alertname")
    .map((name) => {
      const value = fixedLabel(alert, name);
      return value === undefined ? { name } : { name, values: [value] };
    });
}

function byName(a: { readonly name: string }, b: { readonly name: string }): number {
  return a.name < b.name ? -1 : 1;
}
