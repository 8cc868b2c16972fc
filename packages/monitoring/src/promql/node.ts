import type { Duration, Range } from "./duration.ts";
import type { Bounds, Metric } from "./metric.ts";

/** The syntax tree of a PromQL expression. It keeps the metric objects, so that checks need not look names up. */
export type Node = NumberNode | SelectorNode | CallNode | AggregateNode | BinaryNode | SubqueryNode;

export interface NumberNode {
  readonly kind: "number";
  readonly value: number;
}

export interface SelectorNode {
  readonly kind: "selector";
  readonly metric: Metric;
  /** Which series of a histogram; empty for every other metric. */
  readonly suffix: "" | "_bucket" | "_count" | "_sum";
  readonly matchers: readonly Matcher[];
  readonly range?: Range;
  readonly offset?: Duration;
}

/** Selects by one label. `=~` and `!~` have the alternatives of an anchored expression in `values`. */
export interface Matcher {
  readonly label: string;
  readonly operator: MatchOperator;
  readonly values: readonly string[];
  /** The values are a template variable of Grafana, to be printed as they are. */
  readonly variable?: boolean;
}

export type MatchOperator = "=" | "!=" | "=~" | "!~";

export interface CallNode {
  readonly kind: "call";
  readonly name: string;
  readonly arguments: readonly (Node | string)[];
}

export interface AggregateNode {
  readonly kind: "aggregate";
  readonly operator: string;
  readonly grouping: Grouping | undefined;
  readonly parameter: number | undefined;
  readonly of: Node;
}

export interface Grouping {
  readonly kind: "by" | "without";
  readonly labels: readonly string[];
}

export interface BinaryNode {
  readonly kind: "binary";
  readonly operator: BinaryOperator;
  readonly left: Node;
  readonly right: Node;
  readonly matching?: Matching;
  /** Known from the meaning where the operands do not tell, such as 0 to 1 of a share. */
  readonly bounds?: Bounds;
}

export type ArithmeticOperator = "+" | "-" | "*" | "/";
export type ComparisonOperator = ">" | ">=" | "<" | "<=" | "==" | "!=";
export type SetOperator = "and" | "or" | "unless";
export type BinaryOperator = ArithmeticOperator | ComparisonOperator | SetOperator;

export interface Matching {
  readonly kind: "on" | "ignoring";
  readonly labels: readonly string[];
  /** Labels that the one side gives to the many on the left. */
  readonly include?: readonly string[];
}

export interface SubqueryNode {
  readonly kind: "subquery";
  readonly of: Node;
  readonly range: Range;
  readonly step: Duration | undefined;
}

/** The tree with every child of its root changed. */
export function mapChildren(tree: Node, change: (child: Node) => Node): Node {
  switch (tree.kind) {
    case "number":
    case "selector":
      return tree;
    case "call":
      return { ...tree, arguments: tree.arguments.map((each) => (typeof each === "string" ? each : change(each))) };
    case "aggregate":
    case "subquery":
      return { ...tree, of: change(tree.of) };
    case "binary":
      return { ...tree, left: change(tree.left), right: change(tree.right) };
  }
}

/** The tree with every selector changed. */
export function mapSelectors(tree: Node, change: (selector: SelectorNode) => SelectorNode): Node {
  return tree.kind === "selector" ? change(tree) : mapChildren(tree, (child) => mapSelectors(child, change));
}

/** Whether an operator compares, that is, keeps the series for which it holds. */
export function isComparison(operator: BinaryOperator): operator is ComparisonOperator {
  return /^([<>]=?|[=!]=)$/.test(operator);
}

/** Every node of an expression, the outer before the inner, from left to right. */
export function* nodesOf(node: Node): Generator<Node> {
  // Not by calling itself: a generator within generators takes as many steps for each node as it lies deep.
  const open: Node[] = [node];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    yield next;
    switch (next.kind) {
      case "number":
      case "selector":
        break;
      case "call":
        for (const argument of next.arguments.toReversed()) if (typeof argument !== "string") open.push(argument);
        break;
      case "aggregate":
      case "subquery":
        open.push(next.of);
        break;
      case "binary":
        open.push(next.right, next.left);
    }
  }
}
