import { catalog, type MetricDefinition, type MetricKey, type ScrapeSnapshot } from "@mcp-hangar/telemetry";
import { type EventMetric, type EventMetricOptions, eventCounter, eventHistogram } from "./event-metric.ts";
import { type SnapshotMetric, snapshotMetric } from "./snapshot-metric.ts";

export interface InterpretOptions extends Omit<EventMetricOptions, "limit"> {
  readonly limitOf: (key: MetricKey) => number;
  readonly snapshot: () => ScrapeSnapshot;
}

export interface Interpretation {
  readonly eventMetrics: readonly EventMetric[];
  readonly snapshotMetrics: readonly SnapshotMetric[];
}

/** Makes a prom-client metric of each definition of the catalog. */
export function interpretCatalog(options: InterpretOptions): Interpretation {
  const eventMetrics: EventMetric[] = [];
  const snapshotMetrics: SnapshotMetric[] = [];
  // `Object.entries` forgets the keys of a constant object; they are those of the catalog.
  for (const [key, definition] of Object.entries(catalog) as [MetricKey, MetricDefinition][]) {
    const limit = options.limitOf(key);
    if (definition.type === "histogram") {
      eventMetrics.push(eventHistogram(definition, { ...options, limit }));
    } else if (definition.type === "counter" && definition.on !== undefined) {
      eventMetrics.push(eventCounter(definition, { ...options, limit }));
    } else {
      snapshotMetrics.push(snapshotMetric(definition, { limit, snapshot: options.snapshot }));
    }
  }
  return { eventMetrics, snapshotMetrics };
}
