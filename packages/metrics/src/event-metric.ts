import type {
  CounterDefinition,
  HangarEvent,
  HangarEventType,
  HistogramDefinition,
  LabelSpecs,
  Sample,
  Samples,
} from "@mcp-hangar/telemetry";
import { Counter, Histogram } from "prom-client";
import { formatLabels } from "./exposition/format.ts";
import { LabelSets, type LabelSetsOptions } from "./label-sets.ts";
import type { Labels } from "./label-values.ts";
import { foreseenOfServer, type ImpossibleValues } from "./pre-initialise.ts";
import {
  increase,
  observe,
  observeTraced,
  type StoredCounter,
  type StoredHistogram,
  storedCounter,
  storedHistogram,
} from "./stored-series.ts";

/** A series together with the labels that prom-client knows it by. */
export interface Series<Stored> {
  readonly labels: Labels;
  /** The labels as they are written, which does not change from scrape to scrape. */
  readonly text: string;
  /** When it was created, as `FirstIncreases` counts. */
  readonly birth: number;
  readonly stored: Stored;
}

export interface EventMetricOptions extends Omit<LabelSetsOptions<object>, "create" | "ofServer"> {
  readonly impossible: ImpossibleValues;
}

/** A metric that events count up. */
interface EventMetricOf<Metric, Stored> {
  readonly metric: Metric;
  readonly labelSets: LabelSets<Series<Stored>>;
  readonly definition: CounterDefinition | HistogramDefinition;
  /** For each event type, what one event does to the metric. */
  readonly recorders: ReadonlyMap<HangarEventType, (event: HangarEvent) => void>;
}

export type EventCounter = EventMetricOf<Counter, StoredCounter>;
export type EventHistogram = EventMetricOf<Histogram, StoredHistogram>;
export type EventMetric = EventCounter | EventHistogram;

/** Events of these types carry the trace of the call, so histograms derived from them can show exemplars. */
const TRACED_EVENTS: readonly HangarEventType[] = ["call.finished"];

export function eventCounter(definition: CounterDefinition, options: EventMetricOptions): EventCounter {
  const { name, help, labels: specs, on } = definition;
  // Whoever reads prom-client finds there what a scrape shows.
  const collect = (): void => labelSets.wakeAll();
  const metric: Counter = new Counter({ name, help, labelNames: Object.keys(specs), registers: [], collect });
  const labelSets = new LabelSets<Series<StoredCounter>>(specs, {
    ...options,
    ofServer: foreseenOfServer(definition, options.impossible),
    create: (labels, birth) => {
      metric.inc(labels, 0);
      return { labels, text: formatLabels(labels), birth, stored: storedCounter(metric, labels) };
    },
  });
  const record = (_event: HangarEvent, { labels, value }: Sample<LabelSpecs>) =>
    increase(labelSets.admit(labels).stored, value);
  return { metric, labelSets, definition, recorders: recorders(on ?? {}, record) };
}

export function eventHistogram(definition: HistogramDefinition, options: EventMetricOptions): EventHistogram {
  const { name, help, labels: specs, on, buckets } = definition;
  const enableExemplars = TRACED_EVENTS.some((type) => type in on);
  // prom-client accepts exemplars only in OpenMetrics registries, so it is registered after construction.
  const metric: Histogram = new Histogram({
    name,
    help,
    labelNames: Object.keys(specs),
    buckets: [...buckets],
    enableExemplars,
    registers: [],
    collect: () => labelSets.wakeAll(),
  });
  const labelSets = new LabelSets<Series<StoredHistogram>>(specs, {
    ...options,
    ofServer: foreseenOfServer(definition, options.impossible),
    create: (labels, birth) => {
      metric.zero(labels);
      return { labels, text: formatLabels(labels), birth, stored: storedHistogram(metric, labels) };
    },
  });
  const record = (event: HangarEvent, { labels, value }: Sample<LabelSpecs>) => {
    const { stored } = labelSets.admit(labels);
    const traceId = enableExemplars ? sampledTraceId(event) : undefined;
    if (traceId === undefined) observe(stored, buckets, value);
    else observeTraced(stored, buckets, { value, traceId, timeMs: event.timeMs });
  };
  return { metric, labelSets, definition, recorders: recorders(on, record) };
}

function sampledTraceId(event: HangarEvent): string | undefined {
  return event.type === "call.finished" && event.trace?.sampled === true ? event.trace.traceId : undefined;
}

type Record = (event: HangarEvent, sample: Sample<LabelSpecs>) => void;

function recorders(on: object, record: Record): ReadonlyMap<HangarEventType, (event: HangarEvent) => void> {
  // A derivation is kept under the type of its event, and the dispatch hands it events of that type only.
  const derivations = Object.entries(on) as [HangarEventType, (event: HangarEvent) => Samples<LabelSpecs>][];
  return new Map(
    derivations.map(([type, derive]) => [
      type,
      (event) => {
        const samples = derive(event);
        if (samples === undefined) return;
        if ("labels" in samples) record(event, samples);
        else for (const sample of samples) record(event, sample);
      },
    ]),
  );
}
