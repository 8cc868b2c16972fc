import type { GrafanaRange } from "../promql/duration.ts";
import { histogramQuantile } from "../promql/functions.ts";
import { compare } from "../promql/operators.ts";
import { anyOf } from "../promql/select.ts";
import type { Expression, Vector } from "../promql/vector.ts";
import type { Query } from "./model.ts";

/** Grafana's choice of a range that never holds fewer than four scrapes, however far the reader zooms in. */
export const RATE: GrafanaRange = "$__rate_interval";

/** Outcomes that say something about the fleet; refusals and cancellations are the caller's doing. */
export const SERVED = anyOf("success", "error", "timeout");

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
