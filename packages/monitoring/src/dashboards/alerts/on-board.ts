import { isGrafanaRange, toSeconds } from "../../promql/duration.ts";
import { isOfWatcher, prometheusMetrics } from "../../promql/external.ts";
import type { Matcher, Node, SelectorNode } from "../../promql/node.ts";
import { nodesOf } from "../../promql/node.ts";
import type { Expression } from "../../promql/vector.ts";

/**
 * What an alert measures, over the same window, for the job and the gateways that the reader of a dashboard chose. Rates
 * over a fixed window become increases divided by it, which is the same number: a rate on a dashboard follows the zoom.
 */
export function onBoard({ node }: Expression): Expression {
  return { node: rewrite(node, false) };
}

function rewrite(node: Node, isInRatio: boolean): Node {
  switch (node.kind) {
    case "number":
      return node;
    case "selector":
      return choose(node);
    case "aggregate":
    case "subquery":
      return { ...node, of: rewrite(node.of, isInRatio) };
    case "binary": {
      // Both sides of a ratio are divided by the same window, so that neither needs to be.
      const ratio = isInRatio || (node.operator === "/" && hasRate(node.left) && hasRate(node.right));
      return { ...node, left: rewrite(node.left, ratio), right: rewrite(node.right, ratio) };
    }
    case "call": {
      const given = node.arguments.map((each) => (typeof each === "string" ? each : rewrite(each, isInRatio)));
      const range = fixedRateWindow(node);
      if (range === undefined) return { ...node, arguments: given };
      const increase: Node = { kind: "call", name: "increase", arguments: given };
      if (isInRatio) return increase;
      return { kind: "binary", operator: "/", left: increase, right: { kind: "number", value: range } };
    }
  }
}

function choose(node: SelectorNode): SelectorNode {
  // Prometheus and Alertmanager are not among what the reader chooses from.
  if (isOfWatcher(node.metric)) return node;
  const chosen = (label: string): Matcher => ({ label, operator: "=~", values: [`$${label}`], variable: true });
  const others = node.matchers.filter(({ label }) => label !== "job");
  // Prometheus's own alerts have the labels of the alert, and of most of them no instance.
  const isScraped = node.metric.type !== "recorded" && node.metric !== prometheusMetrics.alerts;
  return { ...node, matchers: [chosen("job"), ...(isScraped ? [chosen("instance")] : []), ...others] };
}

function hasRate(node: Node): boolean {
  return [...nodesOf(node)].some((each) => fixedRateWindow(each) !== undefined);
}

function fixedRateWindow(node: Node): number | undefined {
  if (node.kind !== "call" || node.name !== "rate") return undefined;
  const [selector] = node.arguments;
  if (selector === undefined || typeof selector === "string" || selector.kind !== "selector") return undefined;
  const { range } = selector;
  return range === undefined || isGrafanaRange(range) ? undefined : toSeconds(range);
}
