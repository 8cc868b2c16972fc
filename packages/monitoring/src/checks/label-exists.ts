import { labelsOf } from "../promql/analyse.ts";
import { type Metric, TARGET_LABELS } from "../promql/metric.ts";
import { type Node, nodesOf } from "../promql/node.ts";
import type { Check } from "./check.ts";
import { expressionsOf } from "./check.ts";
import { knownMetrics } from "./known-metrics.ts";

/** Every label of a selector, a grouping or a matching exists there: `by` over a lost label folds everything into one. */
export const labelExists: Check = {
  name: "label-exists",
  run(stack) {
    const known = knownMetrics(stack);
    return expressionsOf(stack).flatMap(({ subject, expr }) =>
      [...nodesOf(expr.node)].flatMap((node) =>
        missingLabels(node, known).map(({ label, where, available }) => ({
          subject,
          expr,
          problem: `${where} has no label ${label}`,
          mend: `use one of ${[...available].sort().join(", ") || "no labels"}, or keep the label further inside`,
        })),
      ),
    );
  },
};

interface Missing {
  readonly label: string;
  readonly where: string;
  readonly available: ReadonlySet<string>;
}

function missingLabels(node: Node, known: ReadonlyMap<string, Metric>): readonly Missing[] {
  const among = (wanted: readonly string[], available: ReadonlySet<string>, where: string): readonly Missing[] =>
    wanted.filter((label) => !available.has(label)).map((label) => ({ label, where, available }));
  switch (node.kind) {
    case "selector": {
      const { metric, suffix, matchers } = node;
      const own = Object.keys(known.get(metric.name)?.labels ?? metric.labels);
      const added = metric.type === "recorded" ? [] : TARGET_LABELS;
      const available = new Set([...own, ...added, ...(suffix === "_bucket" ? ["le"] : [])]);
      const where = `the metric ${metric.name}${suffix}`;
      return among(
        matchers.map(({ label }) => label),
        available,
        where,
      );
    }
    case "aggregate":
      return among(node.grouping?.labels ?? [], labelsOf(node.of), `what ${node.operator} aggregates`);
    case "binary": {
      if (node.matching?.kind !== "on") return [];
      return [
        ...among(node.matching.labels, labelsOf(node.left), `the left side of ${node.operator}`),
        ...among(node.matching.labels, labelsOf(node.right), `the right side of ${node.operator}`),
      ];
    }
    case "number":
    case "call":
    case "subquery":
      return [];
  }
}
