import type { Node } from "./node.ts";

/** Anything that has a syntax tree: what checks and renderers need of an expression. */
export interface Expression {
  readonly node: Node;
}

/**
 * What the values of a vector mean.
 * - `counter`, `buckets`: totals that grow until a restart; only `rate` and `increase` make sense of them
 * - `bucketRate`: rates of the buckets of a histogram; only a quantile makes sense of them
 * - `rate`: 0 or more
 * - `fraction`: from 0 to 1
 * - `level`: anything else
 */
export type Meaning = "counter" | "buckets" | "bucketRate" | "rate" | "fraction" | "level";

/** Meanings whose values can be compared with a threshold. */
export type Comparable = "rate" | "fraction" | "level";

declare const labels: unique symbol;
declare const meaning: unique symbol;

/** An instant vector: its series have exactly the labels `Label`. */
export interface Vector<Label extends string, Means extends Meaning = Meaning> extends Expression {
  // Exactly, because a vector with a label more or less matches nothing in an operation with another vector.
  readonly [labels]?: (label: Label) => Label;
  readonly [meaning]?: Means;
}

/** A selector: the only thing that can have a range. */
export interface Selector<Label extends string, Means extends Meaning> extends Vector<Label, Means> {
  readonly node: Extract<Node, { readonly kind: "selector" }>;
}

/** The labels of the series of a vector. */
export type LabelsOf<V> = V extends Vector<infer Label, Meaning> ? Label : never;

/** Gives a syntax tree its types: the one place where they are asserted. Builders only; rules compose builders. */
export function vector<Label extends string, Means extends Meaning>(node: Node): Vector<Label, Means> {
  return { node };
}
