import { nodesOf } from "../promql/node.ts";
import type { Check } from "./check.ts";
import { expressionsOf } from "./check.ts";
import { knownMetrics } from "./known-metrics.ts";

/** Every metric that is selected exists: a renamed one leaves an alert that stays silent for ever. */
export const metricExists: Check = {
  name: "metric-exists",
  run(stack) {
    const known = knownMetrics(stack);
    return expressionsOf(stack).flatMap(({ subject, expr }) =>
      [...nodesOf(expr.node)].flatMap((node) => {
        if (node.kind !== "selector") return [];
        const { name, type } = node.metric;
        const actual = known.get(name);
        if (actual === undefined) {
          const mend = "select a metric of the catalog, of `runtime`, of `prometheusMetrics`, or of a recording rule";
          return [{ subject, expr, problem: `the metric ${name} does not exist`, mend }];
        }
        if (actual.type === type) return [];
        const problem = `${name} is a ${actual.type}, not a ${type}`;
        return [{ subject, expr, problem, mend: "select the definition in the catalog, not a copy of it" }];
      }),
    );
  },
};
