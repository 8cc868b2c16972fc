import { nodesOf } from "../promql/node.ts";
import type { Expression } from "../promql/vector.ts";
import type { Stack } from "../stack.ts";
import type { Check } from "./check.ts";

/**
 * Whatever an alert reads has series in the scenarios that make it fire. An alert that is moved to another metric, such as
 * from the items of batches to whole batches, is thereby found even before promtool plays its scenarios.
 */
export const scenariosFeedAlerts: Check = {
  name: "scenarios-feed-alerts",
  run(stack) {
    return stack.alerts.flatMap(({ id, expr }) => {
      const fires = stack.scenarios.filter(({ alert, kind }) => alert === id && kind === "fires");
      if (fires.length === 0) return [];
      const fed = new Set(fires.flatMap(({ series }) => series.map(({ metric }) => metric.name)));
      return [...metricsBehind(expr, stack)]
        .filter((name) => !fed.has(name))
        .map((name) => ({
          subject: `alert ${id}`,
          expr,
          problem: `it reads ${name}, of which no scenario that makes it fire has a series`,
          mend: "read what the scenarios are about, or tell a scenario with this metric",
        }));
    });
  },
};

/** The scraped metrics that an expression reads, through recording rules too. */
function metricsBehind(expr: Expression, { recordingRules }: Stack, seen = new Set<string>()): ReadonlySet<string> {
  const found = new Set<string>();
  for (const node of nodesOf(expr.node)) {
    if (node.kind !== "selector") continue;
    if (node.metric.type !== "recorded") {
      found.add(node.metric.name);
      continue;
    }
    const slo = node.matchers.find(({ label }) => label === "slo")?.values[0];
    const key = `${node.metric.name} ${slo}`;
    if (seen.has(key)) continue;
    seen.add(key);
    for (const rule of recordingRules) {
      if (rule.record !== node.metric.name || (slo !== undefined && rule.labels.slo !== slo)) continue;
      for (const name of metricsBehind(rule.expr, { recordingRules } as Stack, seen)) found.add(name);
    }
  }
  return found;
}
