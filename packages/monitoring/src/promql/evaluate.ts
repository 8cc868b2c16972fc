import {
  type AggregateNode,
  type BinaryNode,
  type CallNode,
  isComparison,
  type Matcher,
  type Node,
  type SelectorNode,
} from "./node.ts";

/** A series in a world in which nothing changes. */
export interface ConstantSeries {
  /** With the suffix of a histogram's series. */
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** What an expression gives: the series of a vector, or a number. */
export type Result = number | readonly Sample[];

export interface Sample {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** Seconds since the epoch in that world: so late that whatever is measured from zero is long ago. */
const NOW = 1e9;

/**
 * What an expression gives once a world has not changed for longer than all its ranges: rates are zero, levels over time
 * are the levels. Enough to tell whether an alert would fire for ever in a fleet in which nothing happens.
 */
export function evaluateConstant(node: Node, world: readonly ConstantSeries[]): Result {
  switch (node.kind) {
    case "number":
      return node.value;
    case "selector":
      return select(node, world);
    case "subquery":
      return evaluateConstant(node.of, world);
    case "call":
      return call(node, world);
    case "aggregate":
      return aggregate(node, world);
    case "binary":
      return binary(node, world);
  }
}

function select({ metric, suffix, matchers }: SelectorNode, world: readonly ConstantSeries[]): readonly Sample[] {
  return world.filter(
    ({ name, labels }) =>
      name === `${metric.name}${suffix}` && matchers.every((matcher) => matches(labels[matcher.label] ?? "", matcher)),
  );
}

/** Whether a label of this value is selected; a label that is not there has the empty value. */
export function matches(value: string, { operator, values }: Matcher): boolean {
  const isOne = values.includes(value);
  return operator === "=" || operator === "=~" ? isOne : !isOne;
}

function call({ name, arguments: given }: CallNode, world: readonly ConstantSeries[]): Result {
  const results = given.flatMap((argument) =>
    typeof argument === "string" ? [] : [evaluateConstant(argument, world)],
  );
  const samples = results.find((result) => typeof result !== "number") ?? [];
  const number = results.find((result) => typeof result === "number") ?? 0;
  const each = (change: (value: number) => number): readonly Sample[] =>
    samples.map(({ labels, value }) => ({ labels, value: change(value) }));
  switch (name) {
    case "time":
      return NOW;
    case "vector":
      return [{ labels: {}, value: number }];
    case "absent":
      return samples.length > 0 ? [] : [{ labels: {}, value: 1 }];
    case "rate":
    case "irate":
    case "increase":
    case "delta":
    case "deriv":
    case "changes":
    case "resets":
      return each(() => 0);
    case "abs":
      return each(Math.abs);
    case "clamp_min":
      return each((value) => Math.max(value, number));
    case "clamp_max":
      return each((value) => Math.min(value, number));
    case "histogram_quantile":
      // Of rates that are all zero.
      return each(() => Number.NaN);
    default:
      return each((value) => value);
  }
}

function aggregate({ operator, grouping, of }: AggregateNode, world: readonly ConstantSeries[]): readonly Sample[] {
  const inner = evaluateConstant(of, world);
  if (typeof inner === "number") return [];
  const kept = (labels: Sample["labels"]): Sample["labels"] => {
    const isKept = (name: string): boolean =>
      grouping !== undefined && grouping.labels.includes(name) === (grouping.kind === "by");
    return Object.fromEntries(Object.entries(labels).filter(([name]) => isKept(name)));
  };
  const groups = Map.groupBy(inner, ({ labels }) => keyOf(kept(labels)));
  return [...groups.values()].map((samples) => {
    const values = samples.map(({ value }) => value);
    return { labels: kept(samples[0]?.labels ?? {}), value: combine(operator, values) };
  });
}

function combine(operator: string, values: readonly number[]): number {
  const sum = values.reduce((total, value) => total + value, 0);
  switch (operator) {
    case "min":
      return Math.min(...values);
    case "max":
      return Math.max(...values);
    case "count":
      return values.length;
    case "avg":
      return sum / values.length;
    default:
      return sum;
  }
}

function binary(node: BinaryNode, world: readonly ConstantSeries[]): Result {
  const { operator } = node;
  const [left, right] = [evaluateConstant(node.left, world), evaluateConstant(node.right, world)];
  const apply = (a: number, b: number): number => (isComparison(operator) ? a : compute(operator, a, b));
  const holds = (a: number, b: number): boolean => !isComparison(operator) || compare(operator, a, b);
  if (typeof left === "number" && typeof right === "number") return apply(left, right);
  if (typeof right === "number") {
    return (left as readonly Sample[])
      .filter(({ value }) => holds(value, right))
      .map(({ labels, value }) => ({ labels, value: apply(value, right) }));
  }
  if (typeof left === "number") {
    return right
      .filter(({ value }) => holds(left, value))
      .map(({ labels, value }) => ({ labels, value: apply(left, value) }));
  }
  const matched = (labels: Sample["labels"]): string => keyOf(matchedLabels(labels, node));
  const others = new Map(right.map((sample) => [matched(sample.labels), sample]));
  const own = new Set(left.map(({ labels }) => matched(labels)));
  if (operator === "and") return left.filter(({ labels }) => others.has(matched(labels)));
  if (operator === "unless") return left.filter(({ labels }) => !others.has(matched(labels)));
  if (operator === "or") return [...left, ...right.filter(({ labels }) => !own.has(matched(labels)))];
  return left.flatMap(({ labels, value }) => {
    const other = others.get(matched(labels));
    return other === undefined || !holds(value, other.value) ? [] : [{ labels, value: apply(value, other.value) }];
  });
}

function matchedLabels(labels: Sample["labels"], { matching }: BinaryNode): Sample["labels"] {
  if (matching === undefined) return labels;
  const isMatched = (name: string): boolean => matching.labels.includes(name) === (matching.kind === "on");
  return Object.fromEntries(Object.entries(labels).filter(([name]) => isMatched(name)));
}

function keyOf(labels: Sample["labels"]): string {
  return JSON.stringify(Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1)));
}

function compute(operator: BinaryNode["operator"], a: number, b: number): number {
  switch (operator) {
    case "+":
      return a + b;
    case "-":
      return a - b;
    case "*":
      return a * b;
    default:
      return a / b;
  }
}

function compare(operator: BinaryNode["operator"], a: number, b: number): boolean {
  switch (operator) {
    case ">":
      return a > b;
    case ">=":
      return a >= b;
    case "<":
      return a < b;
    case "<=":
      return a <= b;
    case "==":
      return a === b;
    default:
      return a !== b;
  }
}
