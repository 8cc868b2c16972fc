import { type When, when } from "../define.ts";
import type { Condition } from "../model.ts";
import { type By, sum } from "../promql/aggregate.ts";
import { increase, notNegative } from "../promql/functions.ts";
import { and, subtract } from "../promql/operators.ts";
import type { HistogramMetric, Scope, SeriesLabel } from "../promql/select.ts";
import type { Vector } from "../promql/vector.ts";
import type { QuantileAlert } from "../settings/alerts.ts";

/** What an alert on a share asks for: the share, and that enough happened for it to mean something. */
export interface Meaningful<Label extends string> {
  readonly expr: Vector<Label, "fraction">;
  readonly conditions: readonly Condition[];
}

/**
 * A share that counts only while at least `minimum` of the events in its window are `bad`: one failed call at night is
 * all of the calls there are. Bad events are counted, not all of them, so that a busy gateway is told of as soon as
 * before, and an outage at low traffic as soon as it has been met often enough.
 */
export function atLeastOf<Label extends string>(
  share: When<Label, "fraction">,
  bad: Vector<NoInfer<Label>, "rate">,
  { minimum }: { readonly minimum: number },
): Meaningful<Label> {
  if (minimum <= 0) return { expr: share.expr, conditions: [share] };
  const enough = { ...when(bad, ">=", { threshold: minimum, unit: "short" }), isMinimum: true };
  return { expr: and(share.expr, enough.expr), conditions: [share, enough] };
}

/** How many observations within the window of an alert on a quantile were above its limit. */
export function beyond<M extends HistogramMetric, Kept extends SeriesLabel<M>>(
  rules: Scope,
  histogram: M,
  { limit, window }: QuantileAlert<M>,
  kept: By<Kept>,
): Vector<Kept, "rate"> {
  const all = sum(increase(rules.observations(histogram), window), kept);
  const within = sum(increase(rules.bucketUpTo(histogram, limit), window), kept);
  return notNegative(subtract(all, within));
}
