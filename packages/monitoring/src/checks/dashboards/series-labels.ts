import { labelsOf } from "../../promql/analyse.ts";
import { prometheusMetrics } from "../../promql/external.ts";
import type { Metric } from "../../promql/metric.ts";
import type { Stack } from "../../stack.ts";
import { knownMetrics } from "../known-metrics.ts";

/** Which labels of its target the series `ALERTS` has depends on the alert; only the job is common to those with a target. */
const UNCERTAIN: ReadonlySet<string> = new Set(["instance", "service", "tier"]);

/** The labels that the series of a name in a query have; `undefined` if there is no such metric. */
export function labelsOfText(name: string, stack: Stack): ReadonlySet<string> | undefined {
  const known = metricsOf(stack);
  const suffix = known.has(name) ? "" : (/_(bucket|count|sum)$/.exec(name)?.[0] ?? "");
  const metric = known.get(suffix === "" ? name : name.slice(0, -suffix.length));
  if (metric === undefined) return undefined;
  const labels = labelsOf({
    kind: "selector",
    metric,
    // The expression above admits exactly these.
    suffix: suffix as "" | "_bucket" | "_count" | "_sum",
    matchers: [],
  });
  return name === prometheusMetrics.alerts.name ? labels.difference(UNCERTAIN) : labels;
}

const remembered = new WeakMap<Stack, ReadonlyMap<string, Metric>>();

/** Found once a stack, for it is asked for every selector of every dashboard. */
function metricsOf(stack: Stack): ReadonlyMap<string, Metric> {
  const known = remembered.get(stack) ?? knownMetrics(stack);
  remembered.set(stack, known);
  return known;
}
