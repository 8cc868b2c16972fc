import { boundsOfGauge } from "./bounds.ts";
import { type Bounds, TARGET_LABELS } from "./metric.ts";
import type { AggregateNode, BinaryNode, CallNode, Node, SelectorNode } from "./node.ts";

const UNBOUNDED: Bounds = [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY];
const FROM_ZERO: Bounds = [0, Number.POSITIVE_INFINITY];

/** The labels that every series of an expression has. Found from the tree, so that it holds whatever types were cast. */
export function labelsOf(node: Node): ReadonlySet<string> {
  switch (node.kind) {
    case "number":
      return new Set();
    case "selector":
      return labelsOfSelector(node);
    case "subquery":
      return labelsOf(node.of);
    case "call":
      return labelsOfCall(node);
    case "aggregate":
      return labelsOfAggregate(node);
    case "binary":
      return labelsOfBinary(node);
  }
}

/** The least and the greatest value that an expression can have. */
export function boundsOf(node: Node): Bounds {
  switch (node.kind) {
    case "number":
      return [node.value, node.value];
    case "selector":
      return boundsOfSelector(node);
    case "subquery":
      return boundsOf(node.of);
    case "call":
      return boundsOfCall(node);
    case "aggregate":
      return boundsOfAggregate(node);
    case "binary":
      return node.bounds ?? boundsOfBinary(node);
  }
}

function labelsOfSelector({ metric, suffix }: SelectorNode): ReadonlySet<string> {
  const own = Object.keys(metric.labels);
  if (metric.type === "recorded") return new Set(own);
  return new Set([...TARGET_LABELS, ...own, ...(suffix === "_bucket" ? ["le"] : [])]);
}

function labelsOfCall({ name, arguments: given }: CallNode): ReadonlySet<string> {
  const inner = given.find((argument) => typeof argument !== "string" && argument.kind !== "number");
  if (inner === undefined || typeof inner === "string") return new Set();
  if (name === "absent" || name === "absent_over_time") {
    const matchers = inner.kind === "selector" ? inner.matchers : [];
    return new Set(matchers.filter(({ operator }) => operator === "=").map(({ label }) => label));
  }
  const labels = new Set(labelsOf(inner));
  if (name === "histogram_quantile") labels.delete("le");
  return labels;
}

function labelsOfAggregate({ operator, grouping, of }: AggregateNode): ReadonlySet<string> {
  const inner = labelsOf(of);
  if (operator === "topk" || operator === "bottomk") return inner;
  if (grouping === undefined) return new Set();
  const listed = new Set(grouping.labels);
  return grouping.kind === "by" ? inner.intersection(listed) : inner.difference(listed);
}

function labelsOfBinary({ operator, left, right, matching }: BinaryNode): ReadonlySet<string> {
  if (isScalar(left)) return labelsOf(right);
  if (isScalar(right) || operator === "and" || operator === "unless") return labelsOf(left);
  if (operator === "or") return labelsOf(left).intersection(labelsOf(right));
  if (matching === undefined) return labelsOf(left);
  if (matching.include !== undefined) return new Set([...labelsOf(left), ...matching.include]);
  const listed = new Set(matching.labels);
  return matching.kind === "on" ? labelsOf(left).intersection(listed) : labelsOf(left).difference(listed);
}

/** A number without series, which an operation applies to every series of the other side. */
function isScalar(node: Node): boolean {
  if (node.kind === "binary") return isScalar(node.left) && isScalar(node.right);
  return node.kind === "number" || (node.kind === "call" && node.name === "time");
}

function boundsOfSelector({ metric, suffix }: SelectorNode): Bounds {
  if (metric.type === "recorded") return metric.bounds;
  return suffix === "" && metric.type === "gauge" ? boundsOfGauge(metric.name) : FROM_ZERO;
}

function boundsOfCall({ name, arguments: given }: CallNode): Bounds {
  const inner = given.find((argument) => typeof argument !== "string" && argument.kind !== "number");
  switch (name) {
    case "vector": {
      const [value] = given;
      return value === undefined || typeof value === "string" ? UNBOUNDED : boundsOf(value);
    }
    case "absent":
    case "absent_over_time":
      return [1, 1];
    case "min_over_time":
    case "max_over_time":
    case "avg_over_time":
    case "last_over_time":
      return inner === undefined || typeof inner === "string" ? UNBOUNDED : boundsOf(inner);
    case "histogram_quantile":
      return [0, topBoundary(inner)];
    case "sum_over_time":
      return inner === undefined || typeof inner === "string" || boundsOf(inner)[0] < 0 ? UNBOUNDED : FROM_ZERO;
    case "clamp_max": {
      const limit = given.at(-1);
      if (inner === undefined || typeof inner === "string" || limit === undefined || typeof limit === "string")
        return UNBOUNDED;
      const [least, greatest] = boundsOf(inner);
      return [Math.min(least, boundsOf(limit)[0]), Math.min(greatest, boundsOf(limit)[1])];
    }
    case "rate":
    case "increase":
    case "irate":
    case "changes":
    case "resets":
    case "time":
    case "timestamp":
    case "abs":
    case "count_over_time":
    case "clamp_min":
      return FROM_ZERO;
    default:
      return UNBOUNDED;
  }
}

/** A quantile in the bucket without an upper boundary is reported as the highest finite boundary, never above it. */
function topBoundary(inner: Node | string | undefined): number {
  let node = inner;
  while (node !== undefined && typeof node !== "string") {
    if (node.kind === "selector") {
      return node.metric.type === "histogram" ? (node.metric.buckets?.at(-1) ?? Infinity) : Infinity;
    }
    if (node.kind === "aggregate" || node.kind === "subquery") node = node.of;
    else if (node.kind === "call") node = node.arguments.at(-1);
    else return Infinity;
  }
  return Infinity;
}

function boundsOfAggregate({ operator, of }: AggregateNode): Bounds {
  const inner = boundsOf(of);
  switch (operator) {
    case "min":
    case "max":
    case "avg":
    case "topk":
    case "bottomk":
      return inner;
    case "count":
      return FROM_ZERO;
    default:
      return [inner[0] < 0 ? Number.NEGATIVE_INFINITY : inner[0], inner[1] > 0 ? Infinity : inner[1]];
  }
}

function boundsOfBinary({ operator, left, right }: BinaryNode): Bounds {
  const [a, b] = [boundsOf(left), boundsOf(right)];
  switch (operator) {
    case "+":
      return [a[0] + b[0], a[1] + b[1]];
    case "-":
      return [a[0] - b[1], a[1] - b[0]];
    case "*":
      return spanOf(a.flatMap((x) => b.map((y) => (x === 0 || y === 0 ? 0 : x * y))));
    case "/":
      return a[0] >= 0 && b[0] >= 0 ? quotientOf(a, b) : UNBOUNDED;
    case "or":
      return [Math.min(a[0], b[0]), Math.max(a[1], b[1])];
    default:
      return a;
  }
}

function quotientOf([least, greatest]: Bounds, [divisorLeast, divisorGreatest]: Bounds): Bounds {
  return [
    least === 0 || divisorGreatest === Infinity ? 0 : least / divisorGreatest,
    divisorLeast === 0 ? Infinity : greatest / divisorLeast,
  ];
}

function spanOf(values: readonly number[]): Bounds {
  return [Math.min(...values), Math.max(...values)];
}
