import { catalog, type MetricDefinition, type MetricKey, type ScrapeSnapshot } from "@mcp-hangar/telemetry";
import { type EventMetric, eventCounter, eventHistogram } from "./event-metric.ts";
import { type SnapshotMetric, snapshotMetric } from "./snapshot-metric.ts";

export interface InterpretOptions {
  readonly pending: readonly MetricKey[];
  readonly limitOf: (key: MetricKey) => number;
  readonly isKnownServer: (server: string) => boolean;
  readonly snapshot: () => ScrapeSnapshot;
}

export interface Interpretation {
  readonly eventMetrics: readonly EventMetric[];
  readonly snapshotMetrics: readonly SnapshotMetric[];
}

/** Makes a prom-client metric of each definition of the catalog that is not pending. */
export function interpretCatalog(options: InterpretOptions): Interpretation {
  const eventMetrics: EventMetric[] = [];
  const snapshotMetrics: SnapshotMetric[] = [];
  for (const [key, definition] of activeDefinitions(options.pending)) {
    const limit = options.limitOf(key);
    if (definition.type === "histogram") {
      eventMetrics.push(eventHistogram(definition, { limit, isKnownServer: options.isKnownServer }));
    } else if (definition.type === "counter" && definition.on !== undefined) {
      eventMetrics.push(eventCounter(definition, { limit, isKnownServer: options.isKnownServer }));
    } else {
      snapshotMetrics.push(snapshotMetric(definition, { limit, snapshot: options.snapshot }));
    }
  }
  return { eventMetrics, snapshotMetrics };
}

function activeDefinitions(pending: readonly MetricKey[]): readonly (readonly [MetricKey, MetricDefinition])[] {
  // `Object.entries` forgets the keys of a constant object; they are those of the catalog.
  const entries = Object.entries(catalog) as [MetricKey, MetricDefinition][];
  return entries.filter(([key]) => !pending.includes(key));
}
