import type { Range } from "./duration.ts";
import type { TargetLabel } from "./metric.ts";
import type { SelectorNode } from "./node.ts";
import type { Comparable, Meaning, Selector, Vector } from "./vector.ts";
import { vector } from "./vector.ts";

/** A rate of plain counters is a rate; of buckets it can only become a quantile. */
type RateOf<Means extends Meaning> = Means extends "buckets" ? "bucketRate" : "rate";

/** The per-second rate of counters over a range; restarts of the process are accounted for. */
export function rate<Label extends string, Means extends "counter" | "buckets">(
  counters: Selector<Label, Means>,
  range: Range,
): Vector<Label, RateOf<Means>> {
  return overRange("rate", counters, range);
}

/** By how much counters grew over a range; restarts of the process are accounted for. */
export function increase<Label extends string, Means extends "counter" | "buckets">(
  counters: Selector<Label, Means>,
  range: Range,
): Vector<Label, RateOf<Means>> {
  return overRange("increase", counters, range);
}

/** The greatest level within a range. */
export function maxOverTime<Label extends string, Means extends Comparable>(
  levels: Selector<Label, Means>,
  range: Range,
): Vector<Label, Means> {
  return overRange("max_over_time", levels, range);
}

/** The least level within a range. */
export function minOverTime<Label extends string, Means extends Comparable>(
  levels: Selector<Label, Means>,
  range: Range,
): Vector<Label, Means> {
  return overRange("min_over_time", levels, range);
}

/** The mean level within a range, over the samples that exist. */
export function avgOverTime<Label extends string, Means extends Comparable>(
  levels: Selector<Label, Means>,
  range: Range,
): Vector<Label, Means> {
  return overRange("avg_over_time", levels, range);
}

/** The sum of the samples within a range. */
export function sumOverTime<Label extends string, Means extends Comparable>(
  levels: Selector<Label, Means>,
  range: Range,
): Vector<Label, Means extends "fraction" ? "level" : Means> {
  return overRange("sum_over_time", levels, range);
}

/**
 * How many events there were within a range, from a recorded rate of them and the seconds between its samples. Where the
 * series was not there, nothing is counted.
 */
export function eventsOverTime<Label extends string>(
  rates: Selector<Label, "rate">,
  range: Range,
  every: number,
): Vector<Label, "rate"> {
  const added = sumOverTime(rates, range);
  return vector({ kind: "binary", operator: "*", left: added.node, right: { kind: "number", value: every } });
}

/** How often a level changed within a range. Not for counters: a restart is a change too. */
export function changes<Label extends string, Means extends Comparable>(
  levels: Selector<Label, Means>,
  range: Range,
): Vector<Label, "rate"> {
  return overRange("changes", levels, range);
}

/** The value below which a fraction `quantile` of the observations lies, interpolated within its bucket. */
export function histogramQuantile<Label extends string>(
  quantile: number,
  rates: Vector<Label, "bucketRate"> & ("le" extends Label ? unknown : { readonly labelThatAQuantileNeeds: "le" }),
): Vector<Exclude<Label, "le">, "level"> {
  return vector({
    kind: "call",
    name: "histogram_quantile",
    arguments: [{ kind: "number", value: quantile }, rates.node],
  });
}

/** 1 while no series matches. Of its labels only those exist that the selector names with `=`: always the job here. */
export function absent<Label extends string, Means extends Meaning>(
  selected: Selector<Label, Means>,
): Vector<"job" & TargetLabel, "fraction"> {
  return vector({ kind: "call", name: "absent", arguments: [selected.node] });
}

/** The seconds that passed since a timestamp. */
export function secondsSince<Label extends string>(timestamp: Vector<Label, "level">): Vector<Label, "level"> {
  const time = { kind: "call", name: "time", arguments: [] } as const;
  return vector({
    kind: "binary",
    operator: "-",
    left: time,
    right: timestamp.node,
    bounds: [0, Number.POSITIVE_INFINITY],
  });
}

/** The values of a vector, or 0 where rounding has left something below it. */
export function notNegative<Label extends string>(of: Vector<Label, Comparable>): Vector<Label, "rate"> {
  return vector({ kind: "call", name: "clamp_min", arguments: [of.node, { kind: "number", value: 0 }] });
}

/** The values of a vector, or this limit where estimates have come out above it. */
export function notAbove<Label extends string, Means extends Comparable>(
  limit: number,
  of: Vector<Label, Means>,
): Vector<Label, Means> {
  return vector({ kind: "call", name: "clamp_max", arguments: [of.node, { kind: "number", value: limit }] });
}

/** One series without labels that has always this value. */
export function constant(value: number): Vector<never, "level"> {
  return vector({ kind: "call", name: "vector", arguments: [{ kind: "number", value }] });
}

function overRange<Label extends string, Means extends Meaning>(
  name: string,
  { node }: { readonly node: SelectorNode },
  range: Range,
): Vector<Label, Means> {
  return vector({ kind: "call", name, arguments: [{ ...node, range }] });
}
