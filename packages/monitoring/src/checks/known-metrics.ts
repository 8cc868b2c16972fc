import { catalog, type LabelSpec } from "@mcp-hangar/telemetry";
import { alertmanagerOwn, prometheusMetrics, prometheusOwn, runtime } from "../promql/external.ts";
import type { Metric } from "../promql/metric.ts";
import type { Stack } from "../stack.ts";

/** Every metric that exists on a target, in Prometheus or as a recording rule of this stack, by name. */
export function knownMetrics({ recordingRules }: Stack): ReadonlyMap<string, Metric> {
  const known = new Map<string, Metric>();
  const scraped: readonly Metric[] = [
    ...Object.values(catalog),
    ...Object.values(runtime),
    ...Object.values(prometheusMetrics),
    ...Object.values(prometheusOwn),
    ...Object.values(alertmanagerOwn),
  ];
  for (const metric of scraped) known.set(metric.name, metric);
  for (const { metric } of recordingRules) {
    const other = known.get(metric.name);
    known.set(metric.name, other === undefined ? metric : { ...metric, labels: mergeLabels(other, metric) });
  }
  return known;
}

/** Several rules may record the same name with different values of a label, such as one a service level objective. */
function mergeLabels(one: Metric, other: Metric): Readonly<Record<string, LabelSpec>> {
  const labels: Record<string, LabelSpec> = { ...one.labels };
  for (const [name, spec] of Object.entries(other.labels)) {
    const before = labels[name];
    labels[name] =
      before?.kind === "closed" && spec.kind === "closed"
        ? { kind: "closed", values: [...new Set([...before.values, ...spec.values])] }
        : spec;
  }
  return labels;
}
