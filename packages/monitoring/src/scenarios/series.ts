import { bucketLabel, type ClosedLabel } from "@mcp-hangar/telemetry";
import type { Metric, ScrapedMetric } from "../promql/metric.ts";
import type { SelectorNode } from "../promql/node.ts";
import type { HistogramMetric } from "../promql/select.ts";

/**
 * How things go for what an alert looks at: nothing happens; all is well under load; just not bad enough; just bad
 * enough.
 */
export type Mood = "idle" | "healthy" | "below" | "above";

/** One series of a story: by how much it grows at every step of each mood, the level that it then has, or whether it runs. */
export interface StorySeries {
  readonly metric: Metric;
  readonly suffix: SelectorNode["suffix"];
  readonly kind: "counter" | "gauge" | "clock" | "skewed";
  readonly labels: Readonly<Record<string, string>>;
  readonly in: Readonly<Record<Mood, number>>;
  /** Where it is not that of the gateways. */
  readonly job?: string;
}

/** Every label of a metric with a value that it can have; a renamed label or value does not compile. */
export type SeriesLabels<M extends Metric> = {
  readonly [Name in keyof M["labels"]]: M["labels"][Name] extends ClosedLabel<infer Value> ? Value : string;
};

type CounterOf = ScrapedMetric & { readonly type: "counter" };
type GaugeOf = ScrapedMetric & { readonly type: "gauge" };

/** How much a counter grows at every step. A number holds for every mood but idleness. */
export type Growth = number | { readonly healthy?: number; readonly below?: number; readonly above?: number };

/** A counter of two instances of the gateway, half of it each, so that a rule has to add them up. */
export function counter<M extends CounterOf>(
  metric: M,
  labels: SeriesLabels<M>,
  growth: Growth,
): readonly StorySeries[] {
  return halves(metric, "", labels, growth);
}

/** A gauge of one instance. Idle is as good as healthy, unless said. */
export function gauge<M extends GaugeOf>(
  metric: M,
  labels: SeriesLabels<M>,
  level: { readonly idle?: number; readonly healthy: number; readonly below: number; readonly above: number },
  instance = "a:8000",
): readonly StorySeries[] {
  const { idle = level.healthy, healthy, below, above } = level;
  return [{ metric, suffix: "", kind: "gauge", labels: { instance, ...labels }, in: { idle, healthy, below, above } }];
}

/** A gauge that has the same level whatever happens. */
export function steady<M extends GaugeOf>(
  metric: M,
  labels: SeriesLabels<M>,
  level: number,
  instance = "a:8000",
): readonly StorySeries[] {
  return gauge(metric, labels, { healthy: level, below: level, above: level }, instance);
}

/**
 * When something last succeeded: now while it is well, and also just below the limit. On a second instance it succeeds
 * all the time.
 */
export function lastSuccess<M extends GaugeOf>(metric: M, labels: SeriesLabels<M>): readonly StorySeries[] {
  const clock = (instance: string, above: 0 | 1): StorySeries => ({
    metric,
    suffix: "",
    kind: "clock",
    labels: { instance, ...labels },
    in: { idle: 0, healthy: 1, below: 1, above },
  });
  return [clock("a:8000", 0), clock("b:8000", 1)];
}

/** A clock that is so many seconds before the present; with a negative number after it. On a second instance it is right. */
export function clockOff<M extends GaugeOf>(
  metric: M,
  labels: SeriesLabels<M>,
  by: { readonly below: number; readonly above: number },
): readonly StorySeries[] {
  const clock = (instance: string, { below, above }: typeof by): StorySeries => ({
    metric,
    suffix: "",
    kind: "skewed",
    labels: { instance, ...labels },
    in: { idle: 0, healthy: 0, below, above },
  });
  return [clock("a:8000", by), clock("b:8000", { below: 0, above: 0 })];
}

/** What is observed at every step: how much there is, and in each mood the share beyond the limit. */
export interface Observations {
  readonly limit: number;
  readonly each: number;
  readonly beyond: { readonly below: number; readonly above: number };
}

/**
 * A histogram of two instances, as the buckets around the limit and the count. A tenth of the observations lies just
 * within the limit and all that is beyond lies just beyond, so that no other boundary would do.
 */
export function histogram<M extends HistogramMetric>(
  metric: M & ScrapedMetric,
  labels: SeriesLabels<M>,
  { limit, each, beyond }: Observations,
): readonly StorySeries[] {
  const at = metric.buckets.indexOf(limit);
  const within = (mood: "below" | "above"): number => each * (1 - beyond[mood]);
  const bucket = (boundary: number | undefined, growth: Growth): readonly StorySeries[] =>
    boundary === undefined ? [] : halves(metric, "_bucket", { ...labels, le: bucketLabel(boundary) }, growth);
  const near = (all: number): number => Math.max(0, all - each / 10);
  return [
    ...bucket(at > 0 ? metric.buckets[at - 1] : undefined, {
      healthy: near(each),
      below: near(within("below")),
      above: near(within("above")),
    }),
    ...bucket(limit, { healthy: each, below: within("below"), above: within("above") }),
    ...bucket(metric.buckets[at + 1] ?? Infinity, each),
    ...halves(metric, "_count", labels, each),
  ];
}

/** The same series under another job than that of the gateways. */
export function ofJob(job: string, series: readonly StorySeries[]): readonly StorySeries[] {
  return series.map((each) => ({ ...each, job }));
}

/** What two instances have in halves, all at one of them. */
export function allAt(instance: string, series: readonly StorySeries[]): readonly StorySeries[] {
  return series
    .filter(({ labels }) => labels.instance === instance)
    .map(({ in: { idle, healthy, below, above }, ...each }) => ({
      ...each,
      in: { idle: 2 * idle, healthy: 2 * healthy, below: 2 * below, above: 2 * above },
    }));
}

function halves(
  metric: Metric,
  suffix: SelectorNode["suffix"],
  labels: Readonly<Record<string, string>>,
  growth: Growth,
): readonly StorySeries[] {
  const {
    healthy = 0,
    below = 0,
    above = 0,
  } = typeof growth === "number" ? { healthy: growth, below: growth, above: growth } : growth;
  return ["a:8000", "b:8000"].map((instance) => ({
    metric,
    suffix,
    kind: "counter",
    labels: { instance, ...labels },
    in: { idle: 0, healthy: healthy / 2, below: below / 2, above: above / 2 },
  }));
}
