import { boundsOf } from "../promql/analyse.ts";
import type { Bounds } from "../promql/metric.ts";
import { type ComparisonOperator, isComparison, nodesOf } from "../promql/node.ts";
import type { Check } from "./check.ts";
import { expressionsOf } from "./check.ts";

/** Every comparison can hold and can fail: a quantile never exceeds the top bucket, a share never exceeds 1. */
export const thresholdReachable: Check = {
  name: "threshold-reachable",
  run(stack) {
    return expressionsOf(stack).flatMap(({ subject, expr }) =>
      [...nodesOf(expr.node)].flatMap((node) => {
        if (node.kind !== "binary" || !isComparison(node.operator) || node.right.kind !== "number") return [];
        const bounds = boundsOf(node.left);
        const outcome = outcomeOf(bounds, node.operator, node.right.value);
        if (outcome === "depends") return [];
        const condition = `${node.operator} ${node.right.value}`;
        const values = `its values lie between ${bounds[0]} and ${bounds[1]}`;
        return [
          {
            subject,
            expr: { node },
            problem: `the condition ${condition} ${outcome === "never" ? "can never hold" : "always holds"}: ${values}`,
            mend: "choose a threshold within these bounds; for a latency, compare the share of calls above a bucket boundary",
          },
        ];
      }),
    );
  },
};

function outcomeOf(
  [least, greatest]: Bounds,
  operator: ComparisonOperator,
  threshold: number,
): "never" | "always" | "depends" {
  const decide = (can: boolean, cannotFail: boolean): "never" | "always" | "depends" =>
    can ? (cannotFail ? "always" : "depends") : "never";
  switch (operator) {
    case ">":
      return decide(greatest > threshold, least > threshold);
    case ">=":
      return decide(greatest >= threshold, least >= threshold);
    case "<":
      return decide(least < threshold, greatest < threshold);
    case "<=":
      return decide(least <= threshold, greatest <= threshold);
    case "==":
      return decide(least <= threshold && threshold <= greatest, least === greatest && least === threshold);
    case "!=":
      return decide(least !== greatest || least !== threshold, threshold < least || threshold > greatest);
  }
}
