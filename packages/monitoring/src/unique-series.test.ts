import { expect, test } from "vitest";
import { defaultStack } from "../test/defaults.ts";
import { type BinaryNode, isComparison, type Node, nodesOf } from "./promql/node.ts";

const stack = defaultStack;
const SETS: ReadonlySet<string> = new Set(["and", "or", "unless"]);

/**
 * Whether an expression has one series for each combination of some labels, whatever other labels targets have: of two clusters, say.
 * Prometheus gives up a rule whose one side has two, and the alert can never fire.
 */
function isUniqueBy(node: Node, labels: readonly string[]): boolean {
  switch (node.kind) {
    case "number":
      return true;
    case "selector":
      // Recorded series are sums themselves.
      return node.metric.type === "recorded";
    case "aggregate":
      return node.grouping === undefined || node.grouping.labels.every((label) => labels.includes(label));
    case "call":
      return node.arguments.every((each) => typeof each === "string" || isUniqueBy(each, labels));
    case "subquery":
      return isUniqueBy(node.of, labels);
    case "binary":
      return isUniqueBy(node.left, labels);
  }
}

test("series that are calculated with each other are unique by the labels that they are matched on", () => {
  const exprs = [...stack.alerts, ...stack.recordingRules].map(({ expr }) => expr.node);
  const matched = exprs
    .flatMap((node) => [...nodesOf(node)])
    .filter((node): node is BinaryNode => node.kind === "binary" && node.matching?.kind === "on")
    .filter(({ operator }) => !SETS.has(operator));
  expect(matched.length).toBeGreaterThan(0);
  const ambiguous = matched.filter(({ left, right, matching, operator }) => {
    const { labels = [], include } = matching ?? {};
    const sides = include === undefined && !isComparison(operator) ? [left, right] : [right];
    return !sides.every((side) => isUniqueBy(side, labels));
  });
  expect(ambiguous).toEqual([]);
});
