import { bucketLabel, type ClosedLabel, type LabelSpec } from "@mcp-hangar/telemetry";
import type { FractionGaugeName } from "./bounds.ts";
import type { Duration } from "./duration.ts";
import type { Metric, TargetLabel } from "./metric.ts";
import type { Matcher, MatchOperator, SelectorNode } from "./node.ts";
import type { Comparable, Meaning, Selector, Vector } from "./vector.ts";

/** What a label has to be: a value, or one of the tests below. */
export type Test<Value extends string> = Value | LabelTest<Value>;

export interface LabelTest<Value extends string> {
  readonly operator: MatchOperator;
  readonly values: readonly Value[];
  readonly variable?: boolean;
}

type ValueOf<Spec> = Spec extends ClosedLabel<infer Value> ? Value : string;

/** Tests for labels of a metric; a label or a value that it does not have does not compile. */
export type Matchers<M extends Metric> = {
  readonly [Name in keyof M["labels"]]?: Test<ValueOf<M["labels"][Name]>>;
} & TargetMatchers<M>;

type TargetMatchers<M extends Metric> = M["type"] extends "recorded"
  ? unknown
  : { readonly [Name in Exclude<TargetLabel, keyof M["labels"]>]?: Test<string> };

/** The labels of the series of a metric. */
export type SeriesLabel<M extends Metric> =
  | (keyof M["labels"] & string)
  | (M["type"] extends "recorded" ? never : TargetLabel);

/** What the plain series of a metric mean; recorded ones remember it. */
export type MeaningOf<M extends Metric> = M extends { readonly means?: infer Means extends Comparable }
  ? Means
  : M["type"] extends "counter"
    ? "counter"
    : M["name"] extends FractionGaugeName
      ? "fraction"
      : "level";

export type CounterMetric = Metric & { readonly type: "counter" };
export type HistogramMetric<Boundary extends number = number> = Metric & {
  readonly type: "histogram";
  readonly buckets: readonly Boundary[];
};
export type PlainMetric = Metric & { readonly type: "counter" | "gauge" | "recorded" };
export type BoundaryOf<M extends HistogramMetric> = M["buckets"][number];

/** Any value but this one. */
export function not<const Value extends string>(value: Value): LabelTest<Value> {
  return { operator: "!=", values: [value] };
}

/** One of these values. */
export function anyOf<const Value extends string>(...values: readonly Value[]): LabelTest<Value> {
  return { operator: "=~", values };
}

/** None of these values. */
export function noneOf<const Value extends string>(...values: readonly Value[]): LabelTest<Value> {
  return { operator: "!~", values };
}

/** The choice that the reader of a dashboard made: a Grafana variable, which may stand for several values. */
export function variable(name: string): LabelTest<never> {
  // Whatever label it is used for, Grafana fills in values of that label.
  return { operator: "=~", values: [`$${name}` as never], variable: true };
}

/** The series of a counter, a gauge or a recording rule. */
export function series<M extends PlainMetric>(
  metric: M,
  matchers?: Matchers<M>,
): Selector<SeriesLabel<M>, MeaningOf<M>> {
  return selector(metric, "", toMatchers(matchers));
}

/** The buckets of a histogram, with the label `le`: what a quantile is computed from. */
export function buckets<M extends HistogramMetric>(
  metric: M,
  matchers?: Matchers<M>,
): Selector<SeriesLabel<M> | "le", "buckets"> {
  return selector(metric, "_bucket", toMatchers(matchers));
}

/** The observations up to a declared boundary of a histogram, a counter. */
export function bucketUpTo<M extends HistogramMetric>(
  metric: M,
  boundary: BoundaryOf<M>,
  matchers?: Matchers<M>,
): Selector<SeriesLabel<M> | "le", "counter"> {
  const le: Matcher = { label: "le", operator: "=", values: [bucketLabel(boundary)] };
  return selector(metric, "_bucket", [...toMatchers(matchers), le]);
}

/** How many observations a histogram has had, a counter. */
export function observations<M extends HistogramMetric>(
  metric: M,
  matchers?: Matchers<M>,
): Selector<SeriesLabel<M>, "counter"> {
  return selector(metric, "_count", toMatchers(matchers));
}

/** The sum of what a histogram has observed, a counter. */
export function total<M extends HistogramMetric>(
  metric: M,
  matchers?: Matchers<M>,
): Selector<SeriesLabel<M>, "counter"> {
  return selector(metric, "_sum", toMatchers(matchers));
}

/** The same series some time ago. */
export function ago<Label extends string, Means extends Meaning>(
  selected: Selector<Label, Means>,
  offset: Duration,
): Selector<Label, Means> {
  return { node: { ...selected.node, offset } };
}

/** Selects like the functions above, with tests that hold for every series: the job of a rule, the variables of a board. */
export interface Scope {
  series: typeof series;
  buckets: typeof buckets;
  bucketUpTo: typeof bucketUpTo;
  observations: typeof observations;
  total: typeof total;
}

/** A scope in which every selector has these tests first, where the metric has the label. */
export function scope(common: { readonly [Name in TargetLabel]?: Test<string> }): Scope {
  const commonMatchers = toMatchers(common);
  const within = <S extends { readonly node: SelectorNode }>(selected: S): S => {
    const { metric, matchers } = selected.node;
    const own = new Set(matchers.map(({ label }) => label));
    const added = commonMatchers.filter(
      ({ label }) => !own.has(label) && (metric.type !== "recorded" || label in metric.labels),
    );
    return { ...selected, node: { ...selected.node, matchers: [...added, ...matchers] } };
  };
  return {
    series: (metric, matchers) => within(series(metric, matchers)),
    buckets: (metric, matchers) => within(buckets(metric, matchers)),
    bucketUpTo: (metric, boundary, matchers) => within(bucketUpTo(metric, boundary, matchers)),
    observations: (metric, matchers) => within(observations(metric, matchers)),
    total: (metric, matchers) => within(total(metric, matchers)),
  };
}

function selector<Label extends string, Means extends Meaning>(
  metric: Metric,
  suffix: SelectorNode["suffix"],
  matchers: readonly Matcher[],
): Selector<Label, Means> {
  return { node: { kind: "selector", metric, suffix, matchers } } satisfies Vector<Label, Means>;
}

function toMatchers(matchers: object | undefined): readonly Matcher[] {
  // The callers' types admit nothing but tests as values.
  const entries = Object.entries(matchers ?? {}) as [string, Test<string> | undefined][];
  return entries.flatMap(([label, test]): readonly Matcher[] => {
    if (test === undefined) return [];
    return [typeof test === "string" ? { label, operator: "=", values: [test] } : { label, ...test }];
  });
}

/** The specification of a label of a series, target labels and `le` included; `undefined` if the metric lacks it. */
export function labelSpecOf(metric: Metric, label: string): LabelSpec | undefined {
  return Object.hasOwn(metric.labels, label) ? metric.labels[label] : undefined;
}
