import { labelsOf } from "../promql/analyse.ts";
import { type CallNode, isComparison, type Node, nodesOf, type SelectorNode } from "../promql/node.ts";
import type { Check } from "./check.ts";
import { expressionsOf } from "./check.ts";

const OF_COUNTERS: ReadonlySet<string> = new Set(["rate", "increase", "irate", "resets"]);
const OF_LEVELS = /^(delta|deriv|changes|(avg|min|max|sum|last|quantile)_over_time)$/;

/** Functions fit the types of what they read: a rate of a gauge and a threshold on a raw counter mean nothing. */
export const typesFit: Check = {
  name: "types-fit",
  run(stack) {
    return expressionsOf(stack).flatMap(({ subject, expr }) =>
      [...nodesOf(expr.node)].flatMap((node) => misfits(node).map((misfit) => ({ subject, expr, ...misfit }))),
    );
  },
};

interface Misfit {
  readonly problem: string;
  readonly mend: string;
}

function misfits(node: Node): readonly Misfit[] {
  switch (node.kind) {
    case "call":
      return misfitsOfCall(node);
    case "binary": {
      const counter = isComparison(node.operator) ? rawCounterIn(node.left) : undefined;
      if (counter === undefined) return [];
      const problem = `${nameOf(counter)} is a counter and is compared as it is`;
      return [{ problem, mend: "compare its rate or its increase over a window" }];
    }
    case "selector": {
      const isHistogram = node.metric.type === "histogram";
      if (isHistogram === (node.suffix !== "")) return [];
      const problem = isHistogram
        ? `the histogram ${node.metric.name} has no series of that name`
        : `${node.metric.name} is a ${node.metric.type} and has no ${node.suffix}`;
      return [{ problem, mend: "select _bucket, _count or _sum of histograms only" }];
    }
    case "number":
    case "aggregate":
    case "subquery":
      return [];
  }
}

function misfitsOfCall({ name, arguments: given }: CallNode): readonly Misfit[] {
  const nodes = given.filter((argument) => typeof argument !== "string");
  const [first] = nodes;
  if (OF_COUNTERS.has(name) && first?.kind === "selector" && !isCounter(first)) {
    const problem = `${name}() reads ${nameOf(first)}, which is a ${first.metric.type}`;
    return [{ problem, mend: "use max_over_time, avg_over_time or changes for gauges" }];
  }
  if (OF_LEVELS.test(name) && first?.kind === "selector" && isCounter(first)) {
    const problem = `${name}() reads the counter ${nameOf(first)}, which a restart resets`;
    return [{ problem, mend: "use rate or increase" }];
  }
  if (name === "histogram_quantile") {
    const rates = nodes.at(-1);
    const selectors = rates === undefined ? [] : [...nodesOf(rates)].filter((node) => node.kind === "selector");
    if (selectors.some(({ suffix }) => suffix !== "_bucket")) {
      return [{ problem: "a quantile of what is no histogram", mend: "use the buckets of a histogram" }];
    }
    if (rates !== undefined && !labelsOf(rates).has("le")) {
      return [{ problem: "a quantile of buckets without the label le", mend: "keep le in the aggregation" }];
    }
  }
  return [];
}

/** A counter below aggregations and arithmetic, but not below a function. */
function rawCounterIn(node: Node): SelectorNode | undefined {
  switch (node.kind) {
    case "selector":
      return isCounter(node) ? node : undefined;
    case "aggregate":
      return node.operator === "count" ? undefined : rawCounterIn(node.of);
    case "binary":
      return rawCounterIn(node.left) ?? rawCounterIn(node.right);
    case "number":
    case "call":
    case "subquery":
      return undefined;
  }
}

function isCounter({ metric, suffix }: SelectorNode): boolean {
  return metric.type === "counter" || suffix !== "";
}

function nameOf({ metric, suffix }: SelectorNode): string {
  return metric.name + suffix;
}
