import { bucketLabel } from "@mcp-hangar/telemetry";
import type { Condition } from "../../src/model.ts";
import type { Unit } from "../../src/names.ts";
import { fromSeconds, isGrafanaRange, type Range, toSeconds } from "../../src/promql/duration.ts";
import {
  type BinaryNode,
  type BinaryOperator,
  type CallNode,
  isComparison,
  type Matcher,
  mapChildren,
  type Node,
  nodesOf,
  type SelectorNode,
} from "../../src/promql/node.ts";
import { tidy } from "../../src/scenarios/values.ts";

/** The kinds of damage that are done to expressions. */
export type Operator =
  | "threshold raised"
  | "threshold lowered"
  | "comparison turned"
  | "boundary moved"
  | "guard dropped"
  | "operand dropped"
  | "label dropped"
  | "label changed"
  | "grouping changed"
  | "aggregation changed"
  | "number changed"
  | "function changed";

/** Labels that every selector of a rule tests alike. One alone would be of no use, so all are damaged together. */
export const SCOPE: readonly string[] = ["job", "slo"];

/** One node that is replaced wherever it occurs. */
export interface Damage {
  readonly operator: Operator;
  readonly what: string;
  /** Whatever the node gives is multiplied by zero: only its series count. */
  readonly isErased: boolean;
  readonly replace: (node: Node) => Node;
}

/** Every single damage that can be done to an expression. Nodes that are used twice are damaged in both places. */
export function damagesTo(root: Node, conditions: readonly Condition[]): readonly Damage[] {
  const nodes = [...new Set(nodesOf(root))];
  const visible = new Set(visibleNodes(root));
  return nodes.flatMap((node) => {
    const isGuard = nodes.some((each) => each.kind === "binary" && each.operator === "/" && each.right === node);
    return local(node, isGuard, conditions).map(({ operator, what, replacement }) => ({
      operator,
      what,
      isErased: !visible.has(node),
      replace: (tree: Node) => replaced(tree, node, replacement),
    }));
  });
}

/** The tree with one node replaced wherever it is. */
function replaced(tree: Node, target: Node, replacement: Node): Node {
  return tree === target ? replacement : mapChildren(tree, (child) => replaced(child, target, replacement));
}

/** A range so many times as long. */
export function stretch(range: Range, times: number): Range {
  return isGrafanaRange(range) ? range : fromSeconds(toSeconds(range) * times);
}

function* visibleNodes(node: Node): Generator<Node> {
  yield node;
  if (node.kind === "binary" && node.operator === "*" && node.left.kind === "number" && node.left.value === 0) return;
  yield* childrenOf(node).flatMap((child) => [...visibleNodes(child)]);
}

function childrenOf(node: Node): readonly Node[] {
  const children: Node[] = [];
  mapChildren(node, (child) => {
    children.push(child);
    return child;
  });
  return children;
}

interface Local {
  readonly operator: Operator;
  readonly what: string;
  readonly replacement: Node;
}

function local(node: Node, isGuard: boolean, conditions: readonly Condition[]): readonly Local[] {
  switch (node.kind) {
    case "number":
    case "subquery":
      return [];
    case "selector":
      return node.matchers
        .filter(({ label }) => !SCOPE.includes(label))
        .flatMap((matcher) => matcherDamages(node, matcher));
    case "call":
      return callDamages(node);
    case "aggregate":
      return aggregateDamages(node);
    case "binary":
      return binaryDamages(node, isGuard, conditions);
  }
}

const TURNED: Partial<Record<BinaryOperator, BinaryOperator>> = {
  ">": "<=",
  ">=": "<",
  "<": ">=",
  "<=": ">",
  "==": "!=",
};

function binaryDamages(node: BinaryNode, isGuard: boolean, conditions: readonly Condition[]): readonly Local[] {
  const { operator, left, right } = node;
  if (isComparison(operator) && right.kind === "number") {
    if (isGuard) return [{ operator: "guard dropped", what: `${operator} ${right.value}`, replacement: left }];
    return comparisonDamages(
      node,
      right.value,
      conditions.find(({ measure }) => measure.node === left)?.unit ?? "short",
    );
  }
  const isZero =
    right.kind === "binary" && right.operator === "*" && right.left.kind === "number" && right.left.value === 0;
  if (operator === "or" && isZero) return [{ operator: "guard dropped", what: "or 0 * …", replacement: left }];
  if (operator === "unless") return [{ operator: "operand dropped", what: "right of unless", replacement: left }];
  if (operator === "and" || operator === "or") {
    return [
      { operator: "operand dropped", what: `left of ${operator}`, replacement: right },
      { operator: "operand dropped", what: `right of ${operator}`, replacement: left },
    ];
  }
  return numberDamages([left, right], (instead) => ({ ...node, left: instead[0] ?? left, right: instead[1] ?? right }));
}

/** Each number among some operands a tenth greater; 0 stands for nothing at all, and is no setting. */
function numberDamages(operands: readonly Node[], rebuilt: (instead: readonly Node[]) => Node): readonly Local[] {
  return operands.flatMap((operand, at): readonly Local[] => {
    if (operand.kind !== "number" || operand.value === 0) return [];
    const value = tidy(operand.value * 1.1);
    const what = `${operand.value} → ${value}`;
    return [{ operator: "number changed", what, replacement: rebuilt(operands.with(at, { ...operand, value })) }];
  });
}

/** Units in which a threshold is met exactly; elsewhere rounding decides what happens on the line itself. */
const WHOLE: readonly Unit[] = ["short", "none", "bool"];

function comparisonDamages(node: BinaryNode, threshold: number, unit: Unit): readonly Local[] {
  const to = (value: number): Node => ({ ...node, right: { kind: "number", value: tidy(value) } });
  const isWhole = WHOLE.includes(unit) && Number.isInteger(threshold);
  const [raised, lowered] = isWhole ? [threshold + 1, threshold - 1] : [threshold * 1.05, threshold * 0.95];
  const turned = TURNED[node.operator];
  return [
    { operator: "threshold raised", what: `${threshold} → ${tidy(raised)}`, replacement: to(raised) },
    { operator: "threshold lowered", what: `${threshold} → ${tidy(lowered)}`, replacement: to(lowered) },
    ...(turned === undefined
      ? []
      : [
          {
            operator: "comparison turned",
            what: `${node.operator} → ${turned}`,
            replacement: { ...node, operator: turned },
          } as const,
        ]),
    ...(isWhole && node.operator === ">"
      ? [{ operator: "boundary moved", what: "> → >=", replacement: { ...node, operator: ">=" } } as const]
      : []),
  ];
}

function matcherDamages(node: SelectorNode, matcher: Matcher): readonly Local[] {
  const { label, operator, values } = matcher;
  const text = `${node.metric.name}{${label}${operator}${values.join("|")}}`;
  const put = (instead: readonly Matcher[]): Node => ({
    ...node,
    matchers: node.matchers.flatMap((each) => (each === matcher ? instead : [each])),
  });
  const changed = (next: readonly string[]): Local => ({
    operator: "label changed",
    what: `${text} → ${next.join("|")}`,
    replacement: put([{ ...matcher, values: next }]),
  });
  const dropped: Local = { operator: "label dropped", what: text, replacement: put([]) };
  if (label === "le") return neighbours(node, values[0] ?? "").map((next) => changed([next]));
  if (values.length > 1) return [dropped, ...values.map((value) => changed(values.filter((each) => each !== value)))];
  const spec = node.metric.labels[label];
  const other = spec?.kind === "closed" ? spec.values.find((value) => !values.includes(value)) : undefined;
  return other === undefined ? [dropped] : [dropped, changed([other])];
}

function neighbours({ metric }: SelectorNode, le: string): readonly string[] {
  if (metric.type !== "histogram") return [];
  const labels = (metric.buckets ?? []).map(bucketLabel);
  const at = labels.indexOf(le);
  return [labels[at - 1], labels[at + 1]].filter((each) => each !== undefined);
}

function callDamages(node: CallNode): readonly Local[] {
  const [argument] = node.arguments;
  // What does not know of restarts, what forgets a moment later, and what is not the middle.
  const instead = {
    rate: "deriv",
    increase: "delta",
    max_over_time: "last_over_time",
    avg_over_time: "max_over_time",
    sum_over_time: "avg_over_time",
  }[node.name];
  const what = `${node.name} → ${instead}`;
  const changed: Local[] =
    instead === undefined ? [] : [{ operator: "function changed", what, replacement: { ...node, name: instead } }];
  const nodes = node.arguments.filter((each) => typeof each !== "string");
  if (nodes.length === node.arguments.length)
    changed.push(...numberDamages(nodes, (others) => ({ ...node, arguments: others })));
  if (node.name !== "clamp_min" || argument === undefined || typeof argument === "string") return changed;
  return [...changed, { operator: "guard dropped", what: "clamp_min", replacement: argument }];
}

function aggregateDamages(node: Extract<Node, { kind: "aggregate" }>): readonly Local[] {
  const { operator, grouping } = node;
  const instead = { sum: "max", max: "min", min: "max", avg: "max" }[operator];
  const changed: Local[] =
    instead === undefined
      ? []
      : [
          {
            operator: "aggregation changed",
            what: `${operator} → ${instead}`,
            replacement: { ...node, operator: instead },
          },
        ];
  const dropped = (grouping?.labels ?? []).map(
    (label): Local => ({
      operator: "grouping changed",
      what: `${operator} by without ${label}`,
      replacement: {
        ...node,
        grouping: { kind: "by", labels: (grouping?.labels ?? []).filter((each) => each !== label) },
      },
    }),
  );
  return [...changed, ...dropped];
}
