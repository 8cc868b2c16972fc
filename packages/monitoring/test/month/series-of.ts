import type { Metric } from "../../src/promql/metric.ts";
import type { MinuteSeries } from "./backfilled.ts";

/** What a series did in each minute: how much a counter grew, which level a gauge had; `undefined` while it could not be scraped. */
export interface Course {
  readonly metric: Metric;
  readonly suffix?: "_bucket" | "_count" | undefined;
  readonly labels: Readonly<Record<string, string>>;
  readonly minutes: readonly (number | undefined)[];
}

/** A gauge as it is scraped. */
export function gaugeSeries({ metric, suffix, labels, minutes }: Course): MinuteSeries {
  return { name: `${metric.name}${suffix ?? ""}`, labels, values: given(minutes) };
}

/** A counter that begins again at zero in each of the minutes `restarts`. */
export function counterSeries(
  { metric, suffix, labels, minutes }: Course,
  restarts: ReadonlySet<number>,
): MinuteSeries {
  let total = 0;
  const totals = minutes.map((growth, minute) => {
    if (restarts.has(minute)) total = 0;
    total += growth ?? 0;
    return growth === undefined ? undefined : total;
  });
  return { name: `${metric.name}${suffix ?? ""}`, labels, values: given(totals) };
}

function given(values: readonly (number | undefined)[]): readonly (readonly [number, number])[] {
  return values.flatMap((value, minute) => (value === undefined ? [] : [[minute, value] as const]));
}
