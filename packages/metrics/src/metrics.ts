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
import { type Family, familyOfCollected, familyOfEvents, familyOfSnapshot } from "./exposition/families.ts";
import { CONTENT_TYPES, type ExpositionFormat } from "./exposition/format.ts";
import { negotiateFormat } from "./exposition/negotiate.ts";
import { render } from "./exposition/render.ts";
import { RenderTurns } from "./exposition/render-turns.ts";
import { FirstIncreases, type Scraper } from "./first-increases.ts";
import { interpretCatalog } from "./interpret.ts";
import { KnownNames, NAMING_EVENTS, type ToolLimits } from "./known-names.ts";
import { PausableListener } from "./pausable-listener.ts";
import { type ImpossibleValues, preInitialise } from "./pre-initialise.ts";
import { registerRuntimeMetrics } from "./runtime/runtime-metrics.ts";
import { seriesFilter } from "./series-filter.ts";
import type { SnapshotMetric } from "./snapshot-metric.ts";

/** Label sets a metric may have. 1 000 servers with 5 000 tools in use have 54 000 for the error types of their calls. */
const SERIES_LIMIT = 100_000;

/** Tools with series of their own. All of them together make some 17 MB of a scrape, and a tenth of that compressed. */
const TOOL_LIMITS: ToolLimits = { perServer: 500, total: 5_000 };

/**
 * Principals are outside the operator's hands, however well they are authenticated. 1 000 servers with five methods in use have 5 000
 * histograms, which are 90 000 lines.
 */
const SERIES_LIMITS: Partial<Readonly<Record<MetricKey, number>>> = { rateLimitHits: 1_000, requestDuration: 5_000 };

export interface MetricsOptions {
  readonly bus: TelemetryBus;
  /** Called once at creation, to learn the names there are, and once a scrape. */
  readonly snapshot: () => GatewaySnapshot;
  /** Label sets a metric may have before the excess is folded into `_other`; 100 000 by default. */
  readonly seriesLimit?: number;
  /** Limits of single metrics, in place of `seriesLimit`; `rateLimitHits` has 1 000 by default, and `requestDuration` 5 000. */
  readonly seriesLimits?: Partial<Readonly<Record<MetricKey, number>>>;
  /** Tools that may have series of their own; the others count for `_other` of their server. 500 a server, 5 000 in all by default. */
  readonly toolLimits?: Partial<ToolLimits>;
  /**
   * For each label, those of its closed values that cannot occur in this gateway, such as `audit_unavailable` without a
   * journal: their series do not exist with 0 from the start. None by default; should one occur, it is counted.
   */
  readonly impossible?: ImpossibleValues;
  /**
   * A clock in milliseconds that never goes back. With it scrapers that do not come back are waited for no more; see
   * {@link RenderRequest.scraper}.
   */
  readonly nowMs?: () => number;
  /** The clock of the machine, as Unix time in milliseconds. Without it there is no `process_clock_timestamp_seconds`. */
  readonly wallClockMs?: () => number;
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
  /** To be called when the scraper has the answer, so that the next one has what was held back. */
  readonly delivered: () => void;
}

/** Who asks, and for what. */
export interface RenderRequest {
  /** The `Accept` header. */
  readonly accept?: string | undefined;
  /** Whether the body is compressed with gzip, on another thread; false by default. */
  readonly gzip?: boolean | undefined;
  /**
   * Who scrapes, if it is a program that compares each scrape with the one before. It is shown each new series with 0
   * first, so that it sees the first increase. Others are shown everything as it is.
   */
  readonly scraper?: Scraper | undefined;
  /** Whether the reader may know a server, and a tool of it if one is given; all are shown when absent. */
  readonly shows?: ((server: string, tool: string | undefined) => boolean) | undefined;
}

export interface Metrics {
  /** For metrics of the embedding program. Do not clear or reset it: the series of the catalog live here. */
  readonly registry: Registry;
  /**
   * Renders a scrape, as of this moment, in the format that an `Accept` header prefers. Rejects when the snapshot or a
   * gauge throws.
   */
  render(request?: RenderRequest | string): Promise<Exposition>;
  /** Stops counting and releases what observes the process. */
  close(): void;
}

/** Interprets the metric catalog: counts what the bus emits, and reads the snapshot whenever it is scraped. */
export function createMetrics(options: MetricsOptions): Metrics {
  const registry = new Registry();
  const eventMetrics: EventMetric[] = [];
  const impossible = options.impossible ?? {};
  const known = new KnownNames(eventMetrics, { ...TOOL_LIMITS, ...options.toolLimits }, impossible);
  const firstIncreases = new FirstIncreases(options.nowMs ?? (() => 0));

  const interpretation = interpretCatalog({
    limitOf: (key) =>
      options.seriesLimits?.[key] ?? Math.min(SERIES_LIMITS[key] ?? Infinity, options.seriesLimit ?? SERIES_LIMIT),
    isKnownServer: (server) => known.isKnownServer(server),
    placeOfTool: (server, tool) => known.placeOfTool(server, tool),
    birth: () => firstIncreases.birth(),
    impossible,
    snapshot: takeSnapshot,
  });
  eventMetrics.push(...interpretation.eventMetrics);
  const snapshotMetrics = new Map<object, SnapshotMetric>(
    interpretation.snapshotMetrics.map((metric) => [metric.metric, metric]),
  );

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
    preInitialise(metric, { servers: new Map(), sources: [] }, impossible);
    families.set(metric.metric, familyOfEvents(metric));
  }
  for (const { metric } of [...eventMetrics, ...interpretation.snapshotMetrics]) registry.registerMetric(metric);
  known.reconcile(options.snapshot());
  const closeRuntimeMetrics =
    options.runtimeMetrics === false ? () => {} : registerRuntimeMetrics(registry, options.wallClockMs);
  const record = new PausableListener(dispatch(eventMetrics, known));
  const unsubscribe = options.bus.on("metrics", record.listener);

  /** What is not read while it is written is read within one turn: runtime metrics and those of the embedding program. */
  function gather(): Promise<readonly Family[]> {
    const snapshot = takeSnapshot();
    known.reconcile(snapshot);
    // The declared type leaves out `get`, but what the registry returns are the metrics registered above.
    const metrics = registry.getMetricsAsArray() as unknown as readonly Metric[];
    return Promise.all(
      metrics.map(async (metric) => {
        const ofSnapshot = snapshotMetrics.get(metric);
        if (ofSnapshot !== undefined) return familyOfSnapshot(ofSnapshot, snapshot);
        return families.get(metric) ?? familyOfCollected(await metric.get());
      }),
    );
  }

  async function renderNow(format: ExpositionFormat, request: RenderRequest): Promise<Exposition> {
    const { scraper, shows, gzip = false } = request;
    const resume = record.pause();
    try {
      const gathered = gather();
      const { heldFrom, shown } = firstIncreases.look(scraper);
      const view = { format, heldFrom, shows: shows && seriesFilter(shows) };
      const body = await render(await gathered, view, { gzip, yieldTurn: options.yieldTurn });
      return { contentType: CONTENT_TYPES[format], body, delivered: shown };
    } finally {
      resume();
    }
  }
  const turns = new RenderTurns<Exposition>();

  return {
    registry,
    render(request = {}) {
      const asked: RenderRequest = typeof request === "string" ? { accept: request } : request;
      const format = negotiateFormat(asked.accept);
      const isPlain = asked.scraper === undefined && asked.shows === undefined;
      return turns.take(() => renderNow(format, asked), isPlain ? `${format} ${asked.gzip ?? false}` : undefined);
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
