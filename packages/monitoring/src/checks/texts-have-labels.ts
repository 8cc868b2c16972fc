import { labelsOf } from "../promql/analyse.ts";
import { labelsUsedBy } from "../template.ts";
import type { Check } from "./check.ts";

/** Labels in the texts and links of an alert survive its expression: others are printed as nothing. */
export const textsHaveLabels: Check = {
  name: "texts-have-labels",
  run({ alerts }) {
    return alerts.flatMap((alert) => {
      const available = labelsOf(alert.expr.node);
      const used = {
        summary: labelsUsedBy(alert.summary),
        description: labelsUsedBy(alert.description),
        "dashboard link": alert.dashboard.variables ?? [],
      };
      return Object.entries(used).flatMap(([where, labels]) =>
        labels
          .filter((label) => !available.has(label))
          .map((label) => ({
            subject: `alert ${alert.id}`,
            expr: alert.expr,
            problem: `the ${where} uses the label ${label}, which the expression does not keep`,
            mend: `keep ${label} in the aggregation, or use one of ${[...available].sort().join(", ") || "no labels"}`,
          })),
      );
    });
  },
};
