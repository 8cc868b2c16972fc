import type { AlertRule } from "../model.ts";
import { labelsOf } from "../promql/analyse.ts";

/** The labels that every instance of an alert has when it reaches Alertmanager. */
export function alertLabels(alert: AlertRule): ReadonlySet<string> {
  return new Set([...labelsOf(alert.expr.node), "alertname", "severity", ...Object.keys(alert.labels)]);
}

/** The value of a label where the rule itself decides it, else `undefined`. */
export function fixedLabel(alert: AlertRule, label: string): string | undefined {
  if (label === "alertname") return alert.name;
  if (label === "severity") return alert.severity;
  return Object.hasOwn(alert.labels, label) ? alert.labels[label] : undefined;
}
