import type { Metric } from "../../src/promql/metric.ts";
import type { MinuteSeries } from "./backfilled.ts";

/** What a series did in each minute: how much a counter grew, which level a gauge had. */
export interface Course {
  readonly metric: Metric;
  readonly suffix?: "_bucket" | "_count" | undefined;
  readonly labels: Readonly<Record<string, string>>;
  readonly minutes: readonly number[];
}

/** When a gateway was scraped, and when its process was another one than before, whose counters begin at zero. */
export interface Scrapes {
  readonly seen: readonly boolean[];
  readonly restarts: ReadonlySet<number>;
}

/** A gauge as it is scraped. */
export function gaugeSeries({ metric, suffix, labels, minutes }: Course, { seen }: Scrapes): MinuteSeries {
  return { name: `${metric.name}${suffix ?? ""}`, labels, values: seenOf(minutes, seen) };
}

/** A counter as it is scraped: what it grew by while nobody looked is seen the next time. */
export function counterSeries({ metric, suffix, labels, minutes }: Course, scrapes: Scrapes): MinuteSeries {
  let total = 0;
  const totals = minutes.map((growth, minute) => {
    total = scrapes.restarts.has(minute) ? growth : total + growth;
    return total;
  });
  return { name: `${metric.name}${suffix ?? ""}`, labels, values: seenOf(totals, scrapes.seen) };
}

/** Pairs are made when they are asked for: those of all series of a month would take a gigabyte. */
function seenOf(values: readonly number[], seen: readonly boolean[]): MinuteSeries["values"] {
  return {
    *[Symbol.iterator]() {
      for (const [minute, value] of values.entries()) if (seen[minute] === true) yield [minute, value] as const;
    },
  };
}
