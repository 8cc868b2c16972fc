import type { Grouping } from "./node.ts";
import { type Comparable, type Expression, type Meaning, type Vector, vector } from "./vector.ts";

/** Which labels an aggregation keeps. */
export interface By<Label extends string> extends Grouping {
  readonly kind: "by";
  readonly labels: readonly Label[];
}

/** Keep these labels only. A label that the vector does not have any more does not compile. */
export function by<const Label extends string>(...labels: readonly Label[]): By<Label> {
  return { kind: "by", labels };
}

/** Aggregates levels: of all series, or of those that agree in the labels kept. */
export interface LevelAggregation {
  <Label extends string, Means extends Comparable>(of: Vector<Label, Means>): Vector<never, Means>;
  <Label extends string, Means extends Comparable, const Kept extends Label>(
    of: Vector<Label, Means>,
    grouping: By<Kept>,
  ): Vector<Kept, Means>;
}

/** Adds up values of any meaning. A sum of fractions is no fraction any more. */
export interface SumAggregation {
  <Label extends string, Means extends Meaning>(of: Vector<Label, Means>): Vector<never, SumOf<Means>>;
  <Label extends string, Means extends Meaning, const Kept extends Label>(
    of: Vector<Label, Means>,
    grouping: By<Kept>,
  ): Vector<Kept, SumOf<Means>>;
}

/** Counts series of any meaning. */
export interface CountAggregation {
  <Label extends string, Means extends Meaning>(of: Vector<Label, Means>): Vector<never, "level">;
  <Label extends string, Means extends Meaning, const Kept extends Label>(
    of: Vector<Label, Means>,
    grouping: By<Kept>,
  ): Vector<Kept, "level">;
}

type SumOf<Means extends Meaning> = Means extends "fraction" ? "level" : Means;

/** The sum, of all series or of those that agree in the labels kept. */
export const sum: SumAggregation = aggregation("sum");

/** The greatest value. */
export const max: LevelAggregation = aggregation("max");

/** The least value. */
export const min: LevelAggregation = aggregation("min");

/** The mean. */
export const avg: LevelAggregation = aggregation("avg");

/** How many series there are. */
export const count: CountAggregation = aggregation("count");

/** The `limit` series with the greatest values; their labels stay. */
export function topk<Label extends string, Means extends Comparable>(
  limit: number,
  of: Vector<Label, Means>,
): Vector<Label, Means> {
  return vector({ kind: "aggregate", operator: "topk", grouping: undefined, parameter: limit, of: of.node });
}

function aggregation(operator: string) {
  return ({ node }: Expression, grouping?: Grouping): Expression =>
    vector({ kind: "aggregate", operator, grouping, parameter: undefined, of: node });
}
