import { boundsOf } from "./analyse.ts";
import { isGrafanaRange, toSeconds } from "./duration.ts";
import { type BinaryNode, type CallNode, isComparison, type Node, type SelectorNode } from "./node.ts";

/** What values measure. A share is a number from dividing like by like; a point in time is seconds since the epoch. */
type Kind = "number" | "share" | "seconds" | "point in time" | "bytes" | "money";

/** What the values of an expression are. */
export interface Quantity {
  readonly kind: Kind;
  readonly perSecond: boolean;
  /** How many times too high the number is for the plain unit: 100 for cents, 1000 for milliseconds, 100 for per cent. */
  readonly scale: number;
}

const NUMBER: Quantity = { kind: "number", perSecond: false, scale: 1 };

/** What an expression measures, as far as names of metrics and arithmetic tell; `undefined` where they do not. */
export function quantityOf(node: Node): Quantity | undefined {
  switch (node.kind) {
    case "number":
      return NUMBER;
    case "selector":
      return ofSelector(node);
    case "subquery":
      return quantityOf(node.of);
    case "aggregate":
      return node.operator === "count" ? NUMBER : quantityOf(node.of);
    case "call":
      return ofCall(node);
    case "binary":
      return ofBinary(node);
  }
}

/** The suffix of a name is its unit. */
const SUFFIXES: readonly (readonly [suffix: RegExp, quantity: Quantity])[] = [
  [/_(timestamp|start_time)_seconds$/, { ...NUMBER, kind: "point in time" }],
  [/_seconds(_total)?$/, { ...NUMBER, kind: "seconds" }],
  [/_milliseconds(_total)?$/, { ...NUMBER, kind: "seconds", scale: 1_000 }],
  [/_bytes(_total)?$/, { ...NUMBER, kind: "bytes" }],
  [/_(dollars|euros)(_total)?$/, { ...NUMBER, kind: "money" }],
  [/_cents(_total)?$/, { ...NUMBER, kind: "money", scale: 100 }],
  [/_ratio$/, { ...NUMBER, kind: "share" }],
  [/_percent$/, { ...NUMBER, kind: "share", scale: 100 }],
];

function ofSelector({ metric, suffix }: SelectorNode): Quantity | undefined {
  if (metric.type === "recorded") {
    if (/:increase\d+[smhdw]$/.test(metric.name)) return NUMBER;
    // What is left of a budget is a share too, though it can be overspent.
    return metric.bounds[1] <= 1 ? { ...NUMBER, kind: "share" } : undefined;
  }
  if (suffix === "_count" || suffix === "_bucket") return NUMBER;
  return SUFFIXES.find(([pattern]) => pattern.test(metric.name))?.[1] ?? NUMBER;
}

function ofCall({ name, arguments: given }: CallNode): Quantity | undefined {
  const series = given.filter((argument) => typeof argument !== "string").find(({ kind }) => kind !== "number");
  const inner = series === undefined ? undefined : quantityOf(series);
  switch (name) {
    case "rate":
    case "irate":
    case "deriv":
      return inner && { ...inner, perSecond: true };
    case "abs":
    case "increase":
    case "delta":
    case "clamp_min":
    case "clamp_max":
    case "min_over_time":
    case "max_over_time":
    case "avg_over_time":
    case "sum_over_time":
    case "last_over_time":
      return inner;
    case "histogram_quantile":
      return series === undefined ? undefined : observedIn(series);
    case "time":
    case "timestamp":
      return { ...NUMBER, kind: "point in time" };
    case "absent":
    case "absent_over_time":
    case "count_over_time":
    case "changes":
    case "resets":
    case "vector":
      return NUMBER;
    default:
      return undefined;
  }
}

/** What the histogram observed whose buckets an expression reads. */
export function observedIn(node: Node): Quantity | undefined {
  switch (node.kind) {
    case "selector":
      return ofSelector({ ...node, suffix: "" });
    case "aggregate":
    case "subquery":
      return observedIn(node.of);
    case "call": {
      const [inner] = node.arguments.filter((argument) => typeof argument !== "string");
      return inner === undefined ? undefined : observedIn(inner);
    }
    case "number":
    case "binary":
      return undefined;
  }
}

function ofBinary(node: BinaryNode): Quantity | undefined {
  const { operator, left, right } = node;
  if (isComparison(operator) || operator === "and" || operator === "unless") return quantityOf(left);
  const [a, b] = [quantityOf(left), quantityOf(right)];
  switch (operator) {
    case "or":
      return left.kind === "call" && left.name === "vector" ? b : a;
    case "*":
      return product(left, right) ?? product(right, left);
    case "/":
      if (right.kind === "number") {
        if (windowOf(left) === right.value) return a && { ...a, perSecond: true };
        return a && { ...a, scale: a.scale / right.value };
      }
      return quotient(a, b, boundsOf(node));
    case "-":
      if (a?.kind === "point in time" && b?.kind === "point in time") return { ...a, kind: "seconds" };
      return left.kind === "number" ? b : a;
    default:
      return left.kind === "number" ? b : a;
  }
}

/** The seconds over which an increase is taken: divided by them it is a rate. */
function windowOf(node: Node): number | undefined {
  const [of] = node.kind === "call" && node.name === "increase" ? node.arguments : [];
  if (of === undefined || typeof of === "string" || (of.kind !== "selector" && of.kind !== "subquery"))
    return undefined;
  return of.range === undefined || isGrafanaRange(of.range) ? undefined : toSeconds(of.range);
}

/** A share of a share is one. Times a number is another scale; times 0 or another number of things, the other side decides. */
function product(of: Node, by: Node): Quantity | undefined {
  const [quantity, factor] = [quantityOf(of), quantityOf(by)];
  if (quantity?.kind === "share" && factor?.kind === "share") {
    return { ...quantity, scale: quantity.scale * factor.scale };
  }
  if (quantity === undefined || factor?.kind !== "number" || factor.perSecond) return undefined;
  if (by.kind !== "number") return quantity;
  return { ...quantity, scale: by.value === 0 ? quantity.scale : quantity.scale * by.value };
}

function quotient(
  a: Quantity | undefined,
  b: Quantity | undefined,
  [least, greatest]: readonly [number, number],
): Quantity | undefined {
  if (a === undefined || b === undefined) return undefined;
  const scale = a.scale / b.scale;
  if (a.kind === b.kind && a.perSecond === b.perSecond) return { kind: "share", perSecond: false, scale };
  const perSecond = a.perSecond && !b.perSecond;
  if (b.kind === "number" && (a.perSecond || !b.perSecond)) return { kind: a.kind, perSecond, scale };
  return least >= 0 && greatest <= 1 ? { kind: "share", perSecond: false, scale } : undefined;
}
