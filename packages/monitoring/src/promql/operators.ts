import type { ArithmeticOperator, BinaryNode, ComparisonOperator, Node, SetOperator } from "./node.ts";
import type { Comparable, Expression, Meaning, Vector } from "./vector.ts";
import { vector } from "./vector.ts";

/** A fraction above 1 cannot be; a threshold that is computed is left to the checks. */
type Reachable<Means extends Meaning, Threshold extends number> = Means extends "fraction"
  ? number extends Threshold
    ? Threshold
    : `${Threshold}` extends "0" | "1" | `0.${string}` | `${string}e-${string}`
      ? Threshold
      : never
  : Threshold;

type Strictly<Means extends Meaning, Threshold extends number> = Means extends "fraction"
  ? Threshold extends 1
    ? never
    : Reachable<Means, Threshold>
  : Threshold;

/** Keeps the series above a threshold. A fraction compared with 1 or more does not compile. */
export function above<Label extends string, Means extends Comparable, const Threshold extends number>(
  left: Vector<Label, Means>,
  threshold: Strictly<Means, Threshold> & Threshold,
): Vector<Label, Means> {
  return compare(left, ">", threshold);
}

/** Keeps the series at or above a threshold. */
export function atLeast<Label extends string, Means extends Comparable, const Threshold extends number>(
  left: Vector<Label, Means>,
  threshold: Reachable<Means, Threshold> & Threshold,
): Vector<Label, Means> {
  return compare(left, ">=", threshold);
}

/** Keeps the series below a threshold. */
export function below<Label extends string, Means extends Comparable, const Threshold extends number>(
  left: Vector<Label, Means>,
  threshold: Reachable<Means, Threshold> & Threshold,
): Vector<Label, Means> {
  return compare(left, "<", threshold);
}

/** Keeps the series with exactly this value. */
export function equals<Label extends string, Means extends Comparable, const Value extends number>(
  left: Vector<Label, Means>,
  value: Reachable<Means, Value> & Value,
): Vector<Label, Means> {
  return compare(left, "==", value);
}

/** Any of the comparisons, for thresholds that are parameters. The checks see to it that they can be reached. */
export function compare<Label extends string, Means extends Comparable>(
  left: Vector<Label, Means>,
  operator: ComparisonOperator,
  threshold: number,
): Vector<Label, Means> {
  return vector({ kind: "binary", operator, left: left.node, right: { kind: "number", value: threshold } });
}

/** The series of the left, and those of the right that the left does not have. Only common labels are certain. */
export function or<Left extends string, Right extends string, Means extends Meaning>(
  left: Vector<Left, Means>,
  right: Vector<Right, Means>,
): Vector<Left & Right, Means> {
  return binary("or", left, right);
}

/** The series of the left that the right has too. */
export function and<Label extends string, Means extends Meaning>(
  left: Vector<Label, Means>,
  right: Vector<NoInfer<Label>>,
): Vector<Label, Means> {
  return binary("and", left, right);
}

/** The series of the left that agree with one of the right in the labels `on`. */
export function andOn<Left extends string, Right extends string, Means extends Meaning>(
  left: Vector<Left, Means>,
  on: readonly (Left & Right)[],
  right: Vector<Right>,
): Vector<Left, Means> {
  const node: BinaryNode = { kind: "binary", operator: "and", left: left.node, right: right.node };
  return vector({ ...node, matching: { kind: "on", labels: on } });
}

/** The series of the left that the right does not have. */
export function unless<Label extends string, Means extends Meaning>(
  left: Vector<Label, Means>,
  right: Vector<NoInfer<Label>>,
): Vector<Label, Means> {
  return binary("unless", left, right);
}

/** The series of the left that agree with none of the right in the labels `on`. */
export function unlessOn<Left extends string, Right extends string, Means extends Meaning>(
  left: Vector<Left, Means>,
  on: readonly (Left & Right)[],
  right: Vector<Right>,
): Vector<Left, Means> {
  const node: BinaryNode = { kind: "binary", operator: "unless", left: left.node, right: right.node };
  return vector({ ...node, matching: { kind: "on", labels: on } });
}

/** A vector divided by another with the same labels, or by a number. For a part of a whole use {@link share}. */
export function divide<Label extends string, Means extends Comparable>(
  left: Vector<Label, Means>,
  right: Vector<NoInfer<Label>, Comparable> | number,
): Vector<Label, "level"> {
  return arithmetic(left, "/", right);
}

/** A vector divided by another that agrees with it in the labels `on`. */
export function divideOn<Left extends string, Right extends string, const On extends Left & Right>(
  left: Vector<Left, Comparable>,
  on: readonly On[],
  right: Vector<Right, Comparable>,
): Vector<On, "level"> {
  const node: BinaryNode = { kind: "binary", operator: "/", left: left.node, right: right.node };
  return vector({ ...node, matching: { kind: "on", labels: on } });
}

/** The product of two vectors with the same labels, or of a vector and a number. */
export function multiply<Label extends string, Means extends Comparable>(
  left: Vector<Label, Means>,
  right: Vector<NoInfer<Label>, Comparable> | number,
): Vector<Label, "level"> {
  return arithmetic(left, "*", right);
}

/** The part of a share that another share leaves of it: both from 0 to 1, and so is what comes out. */
export function partOf<Label extends string>(
  left: Vector<Label, "fraction">,
  right: Vector<NoInfer<Label>, "fraction">,
): Vector<Label, "fraction"> {
  return arithmetic(left, "*", right);
}

/** The sum of two vectors with the same labels, or of a vector and a number. */
export function add<Label extends string, Means extends Comparable>(
  left: Vector<Label, Means>,
  right: Vector<NoInfer<Label>, Means> | number,
): Vector<Label, Means extends "rate" ? "rate" : "level"> {
  return arithmetic(left, "+", right);
}

/** The difference of two vectors with the same labels, or of a vector and a number. */
export function subtract<Label extends string, Means extends Comparable>(
  left: Vector<Label, Means>,
  right: Vector<NoInfer<Label>, Means> | number,
): Vector<Label, "level"> {
  return arithmetic(left, "-", right);
}

/** A number minus a vector. */
export function subtractFrom<Label extends string>(
  minuend: number,
  of: Vector<Label, Comparable>,
): Vector<Label, "level"> {
  return vector({ kind: "binary", operator: "-", left: number(minuend), right: of.node });
}

/** What is missing to 1. */
export function complement<Label extends string>(of: Vector<Label, "fraction">): Vector<Label, "fraction"> {
  return vector({ kind: "binary", operator: "-", left: number(1), right: of.node, bounds: [0, 1] });
}

/** Zero for every series of a vector: what stands in for a part whose series do not exist. */
export function zero<Label extends string, Means extends Comparable>(of: Vector<Label, Means>): Vector<Label, Means> {
  return vector({ kind: "binary", operator: "*", left: number(0), right: of.node, bounds: [0, 0] });
}

/**
 * The share that a part has in a whole, both with the same labels. No traffic gives no value instead of 0/0, which would
 * poison every average; a part without series counts as zero instead of emptying the whole.
 */
export function share<Label extends string>(
  part: Vector<Label, "rate">,
  whole: Vector<NoInfer<Label>, "rate">,
): Vector<Label, "fraction"> {
  const guarded: Node = binary<Label, "rate">("or", part, zero(whole)).node;
  const traffic: Node = compare(whole, ">", 0).node;
  return vector({ kind: "binary", operator: "/", left: guarded, right: traffic, bounds: [0, 1] });
}

/** The share that a part has in a whole, where the part exists whenever the whole does. */
export function portion<Label extends string, Means extends "rate" | "level">(
  part: Vector<Label, Means>,
  whole: Vector<NoInfer<Label>, Means>,
): Vector<Label, "fraction"> {
  return vector({ kind: "binary", operator: "/", left: part.node, right: compare(whole, ">", 0).node, bounds: [0, 1] });
}

/** The share that each of several parts has in their whole, which agrees with them in the labels `on` and has no others. */
export function sharesOf<Label extends string, const On extends Label>(
  parts: Vector<Label, "rate">,
  on: readonly On[],
  whole: Vector<On, "rate">,
): Vector<Label, "fraction"> {
  const traffic: Node = compare(whole, ">", 0).node;
  const matching = { kind: "on", labels: on, include: [] } as const;
  return vector({ kind: "binary", operator: "/", left: parts.node, right: traffic, matching, bounds: [0, 1] });
}

/** The share of a whole that is not in the part: of all calls those above the boundary of a bucket. */
export function shareBeyond<Label extends string>(
  part: Vector<Label, "rate">,
  whole: Vector<NoInfer<Label>, "rate">,
): Vector<Label, "fraction"> {
  return complement(portion(part, whole));
}

function arithmetic<Label extends string, Means extends Meaning>(
  left: Expression,
  operator: ArithmeticOperator,
  right: Expression | number,
): Vector<Label, Means> {
  const operand = typeof right === "number" ? number(right) : right.node;
  return vector({ kind: "binary", operator, left: left.node, right: operand });
}

function binary<Label extends string, Means extends Meaning>(
  operator: SetOperator,
  left: Expression,
  right: Expression,
): Vector<Label, Means> {
  return vector({ kind: "binary", operator, left: left.node, right: right.node });
}

function number(value: number): Node {
  return { kind: "number", value };
}
