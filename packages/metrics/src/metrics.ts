import {
  type GatewaySnapshot,
  type HangarEvent,
  type HangarEventType,
  type MetricKey,
  registeredName,
  type ScrapeSnapshot,
  type TelemetryBus,
} from "@mcp-hangar/telemetry";
import { type Metric, Registry } from "prom-client";
import type { EventMetric } from "./event-metric.ts";
import { type Family, familyOfCollected, familyOfEvents } from "./exposition/families.ts";
import { CONTENT_TYPES } from "./exposition/format.ts";
import { negotiateFormat } from "./exposition/negotiate.ts";
import { render } from "./exposition/render.ts";
import { interpretCatalog } from "./interpret.ts";
import { KnownNames, NAMING_EVENTS } from "./known-names.ts";
import { preInitialise } from "./pre-initialise.ts";
import { registerRuntimeMetrics } from "./runtime/runtime-metrics.ts";

/**
 * Label sets a metric may have. A fleet of 100 servers with 50 tools each has 46 000 for the error types of its tool
 * calls, and pre-initialisation may use only half of the limit.
 */
const SERIES_LIMIT = 100_000;

/** Principals are outside the operator's hands, however well they are authenticated. */
const SERIES_LIMITS: Partial<Readonly<Record<MetricKey, number>>> = { rateLimitHits: 1_000 };

export interface MetricsOptions {
  readonly bus: TelemetryBus;
  /** Called once at creation, to learn the names there are, and once a scrape. */
  readonly snapshot: () => GatewaySnapshot;
  /** Label sets a metric may have before the excess is folded into `_other`; 100 000 by default. */
  readonly seriesLimit?: number;
  /** Limits of single metrics, in place of `seriesLimit`; `rateLimitHits` has 1 000 by default. */
  readonly seriesLimits?: Partial<Readonly<Record<MetricKey, number>>>;
  /** Whether to expose `process_*` and `nodejs_*`; true by default. */
  readonly runtimeMetrics?: boolean;
  /**
   * Resolves when other work has had its turn, as `setImmediate` of `node:timers/promises` does. It is awaited now and
   * then while a scrape is rendered; without it a scrape is rendered in one go.
   */
  readonly yieldTurn?: () => Promise<void>;
}

export interface Exposition {
  readonly contentType: string;
  /** Encoded already, because encoding the text of a large fleet at once would hold up calls. */
  readonly body: Buffer;
}

export interface Metrics {
  /** For metrics of the embedding program. Do not clear or reset it: the series of the catalog live here. */
  readonly registry: Registry;
  /** Renders a scrape in the format that an `Accept` header prefers. Rejects when the snapshot or a gauge throws. */
  render(accept?: string): Promise<Exposition>;
  /** Stops counting and releases what observes the process. */
  close(): void;
}

/** Interprets the metric catalog: counts what the bus emits, and reads the snapshot whenever it is scraped. */
export function createMetrics(options: MetricsOptions): Metrics {
  const registry = new Registry();
  const eventMetrics: EventMetric[] = [];
  const known = new KnownNames(eventMetrics);
  let current: ScrapeSnapshot | undefined;

  const interpretation = interpretCatalog({
    limitOf: (key) =>
      options.seriesLimits?.[key] ?? Math.min(SERIES_LIMITS[key] ?? Infinity, options.seriesLimit ?? SERIES_LIMIT),
    isKnownServer: (server) => known.isKnownServer(server),
    snapshot: () => current ?? takeSnapshot(),
  });
  eventMetrics.push(...interpretation.eventMetrics);

  function takeSnapshot(): ScrapeSnapshot {
    const overflows = [
      ...eventMetrics.map(({ definition, labelSets }) => ({ definition, folded: labelSets.folded })),
      ...interpretation.snapshotMetrics.map(({ definition, folded }) => ({ definition, folded: folded() })),
    ].filter(({ definition }) => Object.values(definition.labels).some(({ kind }) => kind === "registered"));
    const seriesOverflows = overflows.map(({ definition, folded }) => ({
      metric: registeredName(definition.name),
      folded,
    }));
    return { ...options.snapshot(), seriesOverflows };
  }

  const families = new Map<object, Family>();
  for (const metric of eventMetrics) {
    preInitialise(metric, { servers: new Map(), sources: [] });
    families.set(metric.metric, familyOfEvents(metric));
  }
  for (const { metric } of [...eventMetrics, ...interpretation.snapshotMetrics]) registry.registerMetric(metric);
  known.reconcile(options.snapshot());
  const closeRuntimeMetrics = options.runtimeMetrics === false ? () => {} : registerRuntimeMetrics(registry);
  const unsubscribe = options.bus.on("metrics", dispatch(eventMetrics, known));

  /** All gauges are read within one turn, from one snapshot, so that scrapes at the same time do not mix. */
  function gather(): Promise<readonly Family[]> {
    current = takeSnapshot();
    try {
      known.reconcile(current);
      // The declared type leaves out `get`, but what the registry returns are the metrics registered above.
      const metrics = registry.getMetricsAsArray() as unknown as readonly Metric[];
      return Promise.all(metrics.map(async (metric) => families.get(metric) ?? familyOfCollected(await metric.get())));
    } finally {
      current = undefined;
    }
  }

  return {
    registry,
    async render(accept) {
      const format = negotiateFormat(accept);
      const body = await render(await gather(), format, options.yieldTurn);
      return { contentType: CONTENT_TYPES[format], body };
    },
    close() {
      unsubscribe();
      closeRuntimeMetrics();
    },
  };
}

/** One table from event type to everything that an event of this type changes, built once. */
function dispatch(eventMetrics: readonly EventMetric[], known: KnownNames): (event: HangarEvent) => void {
  const table = new Map<HangarEventType, ((event: HangarEvent) => void)[]>();
  for (const type of NAMING_EVENTS) table.set(type, [(event) => known.apply(event)]);
  for (const { recorders } of eventMetrics) {
    for (const [type, record] of recorders) table.set(type, [...(table.get(type) ?? []), record]);
  }
  return (event) => {
    const errors: unknown[] = [];
    for (const record of table.get(event.type) ?? []) {
      try {
        record(event);
      } catch (error) {
        // The other metrics of this event must still be counted.
        errors.push(error);
      }
    }
    if (errors.length > 0) throw new AggregateError(errors, `Could not record the event ${event.type}.`);
  };
}
