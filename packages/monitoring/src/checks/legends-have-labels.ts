import type { Dashboard } from "../dashboards/model.ts";
import { labelsOf } from "../promql/analyse.ts";
import type { Expression } from "../promql/vector.ts";
import type { Check, Finding } from "./check.ts";

/** Labels in legends, in the texts of annotations and in links survive the expression: others are shown as nothing. */
export const legendsHaveLabels: Check = {
  name: "legends-have-labels",
  run({ dashboards }) {
    return dashboards.flatMap((dashboard) =>
      textsOf(dashboard).flatMap(({ subject, where, expr, labels }) => {
        const available = labelsOf(expr.node);
        return labels
          .filter((label) => !available.has(label))
          .map(
            (label): Finding => ({
              subject,
              expr,
              problem: `the ${where} uses the label ${label}, which the expression does not keep`,
              mend: `keep ${label} in the aggregation, or use one of ${[...available].sort().join(", ") || "no labels"}`,
            }),
          );
      }),
    );
  },
};

interface LabelText {
  readonly subject: string;
  readonly where: string;
  readonly expr: Expression;
  readonly labels: readonly string[];
}

function textsOf({ uid, panels, annotations }: Dashboard): readonly LabelText[] {
  return [
    ...panels.flatMap(({ key, queries, drillDown, runbook, visualisation }) => {
      const subject = `panel ${key} of ${uid}`;
      // A table joins its queries, so that a label of one of them is in every row.
      const linked = visualisation === "table" ? queries.slice(0, 1) : queries;
      return [
        ...queries.map(({ expr, legend }) => ({ subject, where: "legend", expr, labels: labelsIn(legend) })),
        ...linked.map(({ expr }) => ({
          subject,
          where: "link",
          expr,
          labels: [
            ...(drillDown === undefined ? [] : [...Object.values(drillDown.variables), ...labelsIn(drillDown.title)]),
            ...(runbook === undefined ? [] : [runbook.alertLabel, ...labelsIn(runbook.title)]),
          ],
        })),
      ];
    }),
    ...annotations.map(({ name, expr, title, tags }) => ({
      subject: `annotation ${name} of ${uid}`,
      where: "text",
      expr,
      labels: [...labelsIn(title), ...tags],
    })),
  ];
}

function labelsIn(text: string): readonly string[] {
  return [...text.matchAll(/\{\{(\w+)\}\}/g)].map(([, label = ""]) => label);
}
