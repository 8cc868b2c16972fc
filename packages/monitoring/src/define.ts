import type { LabelSpec } from "@mcp-hangar/telemetry";
import type { AlertRule, Condition, DashboardLink, RecordingRule } from "./model.ts";
import type { AlertKey, AlertName, OwnAlertName, Severity, Unit } from "./names.ts";
import { ALERT_PREFIX, isOwnAlert } from "./names.ts";
import { boundsOf, labelsOf } from "./promql/analyse.ts";
import type { Duration } from "./promql/duration.ts";
import { openLabel, type RecordedMetric } from "./promql/metric.ts";
import type { ComparisonOperator } from "./promql/node.ts";
import { compare } from "./promql/operators.ts";
import type { Comparable, Vector } from "./promql/vector.ts";
import type { Template } from "./template.ts";

/** A condition together with the expression that holds while it is met. */
export interface When<Label extends string, Means extends Comparable> extends Condition {
  readonly expr: Vector<Label, Means>;
}

/** Compares a quantity with a threshold that comes from the settings. */
export function when<Label extends string, Means extends Comparable>(
  measure: Vector<Label, Means>,
  comparison: ComparisonOperator,
  { threshold, unit }: { readonly threshold: number; readonly unit: Unit },
): When<Label, Means> {
  return { measure, comparison, threshold, unit, expr: compare(measure, comparison, threshold) };
}

interface AlertDefinition<Label extends string> {
  readonly alert: AlertKey | OwnAlertName;
  /** Tells rules with the same name apart. */
  readonly variant?: string;
  readonly setting: { readonly severity: Severity; readonly for: Duration };
  readonly expr: Vector<Label, Comparable>;
  readonly conditions: readonly Condition[];
  readonly labels?: Readonly<Record<string, string>>;
  readonly summary: Template<NoInfer<Label>>;
  readonly description: Template<NoInfer<Label>>;
  readonly dashboard: DashboardLink<NoInfer<Label>>;
  /** Why nothing in this release can make it fire. */
  readonly dormant?: string | undefined;
}

/**
 * Defines an alert: of the product by its key, an own one by its name, which begins with `Own`. A text or link that uses a label which
 * the expression does not have does not compile.
 */
export function alertRule<Label extends string>(definition: AlertDefinition<Label>): AlertRule {
  const {
    alert,
    variant,
    setting,
    expr,
    conditions,
    labels = {},
    summary,
    description,
    dashboard,
    dormant,
  } = definition;
  const name: AlertName = isOwnAlert(alert) ? alert : `${ALERT_PREFIX}${alert}`;
  return {
    id: variant === undefined ? name : `${name}:${variant}`,
    name,
    expr,
    for: setting.for,
    severity: setting.severity,
    labels,
    summary,
    description,
    dashboard,
    dormant,
    conditions: conditions.map(({ measure, comparison, threshold, unit, isMinimum }) => ({
      measure: { node: measure.node },
      comparison,
      threshold,
      unit,
      ...(isMinimum === true ? { isMinimum } : {}),
    })),
  };
}

/** `level:metric:operations`: the labels that are left, what it is about, what was done to it. */
export type RecordName = `${string}:${string}:${string}`;

/** A recorded series with exact labels and meaning, for `series`. */
export interface RecordedSeries<Name extends string, Label extends string, Means extends Comparable>
  extends Omit<RecordedMetric, "name" | "labels"> {
  readonly name: Name;
  readonly labels: Readonly<Record<Label, LabelSpec>>;
  /** For the compiler only. */
  readonly means?: Means;
}

/** A recording rule that remembers its types. */
export interface TypedRecordingRule<Name extends string, Label extends string, Means extends Comparable>
  extends RecordingRule {
  readonly record: Name;
  readonly metric: RecordedSeries<Name, Label, Means>;
}

/** Defines a recording rule; its `metric` can be selected like any other. */
export function recordingRule<
  const Name extends RecordName,
  Label extends string,
  Means extends Comparable,
  const Added extends string = never,
>(
  record: Name,
  expr: Vector<Label, Means>,
  options: { readonly labels?: Readonly<Record<Added, string>>; readonly every?: Duration } = {},
): TypedRecordingRule<Name, Label | Added, Means> {
  const labels: Readonly<Record<string, string>> = options.labels ?? {};
  const specs: Record<string, LabelSpec> = {};
  for (const name of labelsOf(expr.node)) specs[name] = openLabel;
  for (const [name, value] of Object.entries(labels)) specs[name] = { kind: "closed", values: [value] };
  const metric = { name: record, type: "recorded", labels: specs, bounds: boundsOf(expr.node) } as const;
  return {
    record,
    expr,
    labels,
    ...(options.every === undefined ? {} : { every: options.every }),
    // The labels were found from the expression, and its types say the same.
    metric: metric as RecordedMetric as RecordedSeries<Name, Label | Added, Means>,
  };
}
