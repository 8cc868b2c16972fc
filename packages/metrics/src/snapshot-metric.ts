import type { CounterDefinition, GaugeDefinition, ScrapeSnapshot } from "@mcp-hangar/telemetry";
import { Counter, Gauge } from "prom-client";
import { type Labels, LabelValues } from "./label-values.ts";

/** One series of a scrape. */
interface SnapshotSample {
  readonly labels: Labels;
  readonly value: number;
}

/** A metric that is read off the gateway at scrape time, so what is gone leaves no series. */
export interface SnapshotMetric {
  /** For readers of the registry; a scrape reads {@link samples}. */
  readonly metric: Counter | Gauge;
  readonly definition: CounterDefinition | GaugeDefinition;
  readonly samples: (snapshot: ScrapeSnapshot) => Iterable<SnapshotSample>;
  /** How many samples found no room within the limit, over all scrapes. */
  readonly folded: () => number;
}

export interface SnapshotMetricOptions {
  readonly limit: number;
  readonly snapshot: () => ScrapeSnapshot;
}

export function snapshotMetric(
  definition: CounterDefinition | GaugeDefinition,
  { limit, snapshot }: SnapshotMetricOptions,
): SnapshotMetric {
  const { name, help, labels: specs, type, read } = definition;
  const values = new LabelValues(specs);
  let folded = 0;
  const samples: SnapshotMetric["samples"] = (from) => {
    const found = new Map<string, { readonly labels: Labels; value: number }>();
    for (const { labels: supplied, value } of read?.(from) ?? []) {
      let labels = values.normalise(supplied);
      let key = keyOf(labels);
      if (!found.has(key) && found.size >= limit && !values.isFolded(labels)) {
        folded += 1;
        labels = values.fold(supplied);
        key = keyOf(labels);
      }
      const known = found.get(key);
      // Adding up, because samples that the limit folds share one series.
      if (known === undefined) found.set(key, { labels, value });
      else known.value += value;
    }
    return found.values();
  };
  const collect = () => {
    metric.reset();
    for (const { labels, value } of samples(snapshot())) metric.inc(labels, value);
  };
  const configuration = { name, help, labelNames: Object.keys(specs), registers: [], collect };
  const metric = type === "counter" ? new Counter(configuration) : new Gauge(configuration);
  return { metric, definition, samples, folded: () => folded };
}

/** Values stand in the order of the declaration, and no character is in a name that JSON would not escape. */
function keyOf(labels: Labels): string {
  let key = "";
  for (const name in labels) key += `${labels[name]}\u0000`;
  return key;
}
