import { labelsOf } from "../../promql/analyse.ts";
import { prometheusMetrics } from "../../promql/external.ts";
import type { Stack } from "../../stack.ts";
import { knownMetrics } from "../known-metrics.ts";

/** Which labels of its target the series `ALERTS` has depends on the alert; only the job is common to those with a target. */
const UNCERTAIN: ReadonlySet<string> = new Set(["instance", "service", "tier"]);

/** The labels that the series of a name in a query have; `undefined` if there is no such metric. */
export function labelsOfText(name: string, stack: Stack): ReadonlySet<string> | undefined {
  const known = knownMetrics(stack);
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
