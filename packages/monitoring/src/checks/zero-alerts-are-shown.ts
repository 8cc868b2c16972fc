import type { Panel } from "../dashboards/model.ts";
import { prometheusMetrics } from "../promql/external.ts";
import { mapChildren, type Node } from "../promql/node.ts";
import type { Check } from "./check.ts";

/** No alert is good news and is shown as such: "No data" looks like a monitoring that is broken. */
export const zeroAlertsAreShown: Check = {
  name: "zero-alerts-are-shown",
  run({ dashboards }) {
    return dashboards.flatMap(({ uid, panels }) =>
      panels
        .filter((panel) => panel.queries.some(({ expr }) => readsAlerts(expr.node)) && !saysNothingFires(panel))
        .map(({ key }) => ({
          subject: `panel ${key} of ${uid}`,
          problem: "without alerts it shows nothing",
          mend: "count with `or(count(…), constant(0))`; say in `whenEmpty` of a table that nothing fires",
        })),
    );
  },
};

function saysNothingFires({ visualisation, queries, whenEmpty }: Panel): boolean {
  if (visualisation === "table") return whenEmpty !== "";
  const counts = queries.filter(({ expr }) => readsAlerts(expr.node));
  // A timeline of alerts has a row that is always there.
  return visualisation === "stat"
    ? counts.every(({ expr }) => hasAlwaysValue(expr.node))
    : queries.some(({ expr }) => hasAlwaysValue(expr.node));
}

function hasAlwaysValue(node: Node): boolean {
  if (node.kind === "call") return node.name === "vector";
  return node.kind === "binary" && node.operator === "or" && hasAlwaysValue(node.right);
}

function readsAlerts(node: Node): boolean {
  if (node.kind === "selector") return node.metric.name === prometheusMetrics.alerts.name;
  // What is left out while an alert fires is there as long as none does.
  if (node.kind === "binary" && node.operator === "unless") return readsAlerts(node.left);
  let reads = false;
  mapChildren(node, (child) => {
    reads ||= readsAlerts(child);
    return child;
  });
  return reads;
}
