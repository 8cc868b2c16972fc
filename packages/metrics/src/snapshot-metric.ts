import type { CounterDefinition, GaugeDefinition, ScrapeSnapshot } from "@mcp-hangar/telemetry";
import { Counter, Gauge } from "prom-client";
import { LabelSets } from "./label-sets.ts";

/** A metric that is read off the gateway at scrape time, so what is gone leaves no series. */
export interface SnapshotMetric {
  readonly metric: Counter | Gauge;
  readonly definition: CounterDefinition | GaugeDefinition;
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
  let folded = 0;
  const collect = () => {
    metric.reset();
    const labelSets = new LabelSets(specs, { limit, isKnownServer: () => true, create: (labels) => labels });
    // Adding up, because samples that the limit folds share one series.
    for (const { labels, value } of read?.(snapshot()) ?? []) metric.inc(labelSets.admit(labels), value);
    folded += labelSets.folded;
  };
  const configuration = { name, help, labelNames: Object.keys(specs), registers: [], collect };
  const metric = type === "counter" ? new Counter(configuration) : new Gauge(configuration);
  return { metric, definition, folded: () => folded };
}
