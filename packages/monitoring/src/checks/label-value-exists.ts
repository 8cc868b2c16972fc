import { bucketLabel } from "@mcp-hangar/telemetry";
import type { Metric } from "../promql/metric.ts";
import { type Matcher, nodesOf, type SelectorNode } from "../promql/node.ts";
import type { Check } from "./check.ts";
import { expressionsOf } from "./check.ts";
import { knownMetrics } from "./known-metrics.ts";

/** Every value of a closed label exists, and every `le` is a boundary of its histogram: others match no series. */
export const labelValueExists: Check = {
  name: "label-value-exists",
  run(stack) {
    const known = knownMetrics(stack);
    return expressionsOf(stack).flatMap(({ subject, expr }) =>
      [...nodesOf(expr.node)]
        .filter((node) => node.kind === "selector")
        .flatMap((node) =>
          node.matchers.flatMap((matcher) => {
            const allowed = allowedValues(node, matcher, known.get(node.metric.name));
            if (allowed === undefined) return [];
            return matcher.values
              .filter((value) => !allowed.includes(value))
              .map((value) => ({
                subject,
                expr,
                problem: `the label ${matcher.label} of ${node.metric.name} never has the value "${value}"`,
                mend: `use one of ${allowed.join(", ")}`,
              }));
          }),
        ),
    );
  },
};

/** `undefined` where any value may be: names that only an installation knows, and variables of a dashboard. */
function allowedValues(
  node: SelectorNode,
  matcher: Matcher,
  metric: Metric | undefined,
): readonly string[] | undefined {
  if (matcher.variable === true) return undefined;
  if (node.suffix === "_bucket" && matcher.label === "le" && metric?.type === "histogram") {
    return [...(metric.buckets ?? []), Infinity].map(bucketLabel);
  }
  const spec =
    metric !== undefined && Object.hasOwn(metric.labels, matcher.label) ? metric.labels[matcher.label] : undefined;
  return spec?.kind === "closed" ? spec.values : undefined;
}
