import { by, min } from "../promql/aggregate.ts";
import type { Duration, GrafanaRange } from "../promql/duration.ts";
import { histogramQuantile, increase, notAbove } from "../promql/functions.ts";
import { compare, share } from "../promql/operators.ts";
import { anyOf } from "../promql/select.ts";
import type { Expression, Selector, Vector } from "../promql/vector.ts";
import type { Query } from "./model.ts";

/** Grafana's choice of a range that never holds fewer than four scrapes, however far the reader zooms in. */
export const RATE: GrafanaRange = "$__rate_interval";

/** Enough for a quantile of a quiet server: of a few observations it jumps from bucket to bucket. */
const QUANTILE_WINDOW: Duration = "5m";

/** Outcomes that say something about the fleet; refusals and cancellations are the caller's doing. */
export const SERVED = anyOf("success", "error", "timeout");

/**
 * Whether every gateway reaches a server, of the series of `serverUp`: 0 as soon as one gateway does not, as the alert
 * RemoteServerUnreachable judges, for the calls of its clients fail.
 */
export function reachable<Label extends string>(
  up: Vector<Label | "mcp_server", "fraction">,
): Vector<"mcp_server", "fraction"> {
  return min(up, by("mcp_server"));
}

/** What a histogram has observed lately, by bucket: what quantiles are taken of. */
export function recently<Label extends string>(buckets: Selector<Label, "buckets">): Vector<Label, "bucketRate"> {
  return increase(buckets, QUANTILE_WINDOW);
}

/**
 * The share that a part has in a whole. Both are extrapolated, each from its own samples, so that the part of a whole that
 * fails altogether comes out a little above the whole; more than all of it is never shown.
 */
export function shareOf<Label extends string>(
  part: Vector<Label, "rate">,
  whole: Vector<NoInfer<Label>, "rate">,
): Vector<Label, "fraction"> {
  return notAbove(1, share(part, whole));
}

/** What most observations take, what one in twenty exceeds, and what one in a hundred exceeds. */
export function percentiles(rates: Vector<"le", "bucketRate">): readonly Query[] {
  return [0.5, 0.95, 0.99].map((quantile) => ({
    expr: quantileOf(quantile, rates),
    legend: `P${quantile * 100}`,
    exemplars: quantile === 0.99,
  }));
}

/** The value below which a share of the observations lies. Without observations it is NaN, which is left out here. */
export const quantileOf: typeof histogramQuantile = (quantile, rates) =>
  compare(histogramQuantile(quantile, rates), ">", 0);

/** A query with the legend of its series. */
export function query(expr: Expression, legend: string): Query {
  return { expr, legend };
}
