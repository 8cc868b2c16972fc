import { type Duration, fromSeconds, type Range, toSeconds } from "./duration.ts";
import type { TargetLabel } from "./metric.ts";
import type { Node, SelectorNode } from "./node.ts";
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

/** Looks that are taken at least at a window to find out how much of it has been seen: at a day every ten minutes. */
const LOOKS = 144;
/** Between two looks at long windows, so that a month is known from its first hour on. */
const LOOK_SECONDS_MAX = 3_600;

/** Seconds between two looks at a window, and how many looks that are. */
export function looksAt(range: Duration): { readonly every: number; readonly count: number } {
  const seconds = toSeconds(range);
  const every = Math.min(Math.ceil(seconds / LOOKS), LOOK_SECONDS_MAX);
  return { every, count: Math.floor(seconds / every) };
}

/**
 * The share of a range in which a series was there: less than 1 where the gateway, or Prometheus, is younger than the
 * range or was away. It is looked for every so often, whatever the pace at which it is recorded.
 */
export function seenOver<Label extends string>(
  levels: Selector<Label, Comparable>,
  range: Duration,
): Vector<Label, "fraction"> {
  const { every, count } = looksAt(range);
  const looks: Node = { kind: "subquery", of: levels.node, range, step: fromSeconds(every) };
  const found: Node = { kind: "call", name: "count_over_time", arguments: [looks] };
  // Before the first look there is none; that is little, and not nothing.
  const none: Node = { kind: "binary", operator: "*", left: { kind: "number", value: 0 }, right: levels.node };
  const some: Node = { kind: "binary", operator: "or", left: found, right: none };
  const share: Node = { kind: "binary", operator: "/", left: some, right: { kind: "number", value: count } };
  // Some versions count the looks at both ends of the range.
  return vector({ kind: "call", name: "clamp_max", arguments: [share, { kind: "number", value: 1 }] });
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

/** The seconds by which a clock that was scraped is off that of Prometheus, in either direction. A scrape's duration is among them. */
export function clockSkew<Label extends string>(clock: Selector<Label, "level">): Vector<Label, "level"> {
  const scraped = { kind: "call", name: "timestamp", arguments: [clock.node] } as const;
  const behind = { kind: "binary", operator: "-", left: scraped, right: clock.node } as const;
  return vector({ kind: "call", name: "abs", arguments: [behind] });
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
