import { bucketLabel, type ScrapeSnapshot } from "@mcp-hangar/telemetry";
import type { EventCounter, EventHistogram, EventMetric, Series } from "../event-metric.ts";
import type { ZeroSeries } from "../idle-servers.ts";
import type { SnapshotMetric } from "../snapshot-metric.ts";
import type { StoredExemplar, StoredHistogram } from "../stored-series.ts";
import {
  counterSampleName,
  type ExpositionFormat,
  formatExemplar,
  formatHeader,
  formatLabels,
  formatValue,
} from "./format.ts";

/** How one scrape is written. */
export interface View {
  readonly format: ExpositionFormat;
  /** Series of this birth and of later ones are written with 0. */
  readonly heldFrom: number;
  /** Whether a series with these labels is shown; absent when all are. */
  readonly shows?: ((labels: Readonly<Record<string, string | number | undefined>>) => boolean) | undefined;
}

/** A metric ready to be written: its header, then one block of lines a series. */
export interface Family {
  header(format: ExpositionFormat): string;
  blocks(view: View): Iterable<string>;
}

/** What `get()` of a prom-client metric resolves to, as far as it is written. */
export interface CollectedMetric {
  readonly name: string;
  readonly help: string;
  /** The declared type is a numeric enumeration; the value is the name of the type. */
  readonly type: unknown;
  readonly values: readonly CollectedValue[];
}

interface CollectedValue {
  readonly value: number;
  readonly labels: Readonly<Record<string, string | number | undefined>>;
  readonly metricName?: string;
  readonly exemplar?: StoredExemplar | null;
}

/** Reads an event metric series by series, so that rendering can pause between them. */
export function familyOfEvents(metric: EventMetric): Family {
  const { name, help, type } = metric.definition;
  return {
    header: (format) => formatHeader(name, type, help, format),
    blocks: (view) => (isHistogram(metric) ? histogramBlocks(metric, view) : counterBlocks(metric, view)),
  };
}

/** Reads a metric off one snapshot when its turn has come. */
export function familyOfSnapshot(metric: SnapshotMetric, snapshot: ScrapeSnapshot): Family {
  const { name, help, type } = metric.definition;
  return {
    header: (format) => formatHeader(name, type, help, format),
    *blocks({ format, shows }) {
      const sampleName = type === "counter" ? counterSampleName(name, format) : name;
      for (const { labels, value } of metric.samples(snapshot)) {
        if (shows === undefined || shows(labels)) {
          yield `${sampleName}${braced(formatLabels(labels))} ${formatValue(value)}\n`;
        }
      }
    },
  };
}

/** Any other metric of the registry: runtime metrics, and what the embedding program registered itself. */
export function familyOfCollected(collected: CollectedMetric): Family {
  const type = String(collected.type);
  return {
    header: (format) => formatHeader(collected.name, type, collected.help, format),
    blocks: (view) => collectedBlocks(collected, type, view),
  };
}

function isHistogram(metric: EventMetric): metric is EventHistogram {
  return metric.definition.type === "histogram";
}

function* counterBlocks({ definition, labelSets }: EventCounter, view: View): Iterable<string> {
  const name = counterSampleName(definition.name, view.format);
  for (const series of labelSets.shown()) {
    if (view.shows !== undefined && !view.shows(series.labels)) continue;
    yield `${name}${braced(series.text)} ${formatValue(counted(series, view)?.value ?? 0)}\n`;
  }
}

function* histogramBlocks({ definition, labelSets }: EventHistogram, view: View): Iterable<string> {
  const { name } = definition;
  const buckets = "buckets" in definition ? definition.buckets : [];
  const boundaries = [...buckets.map((boundary) => [String(boundary), bucketLabel(boundary)]), ["-1", "+Inf"]] as const;
  for (const series of labelSets.shown()) {
    const { labels, text } = series;
    if (view.shows !== undefined && !view.shows(labels)) continue;
    const { count, sum, bucketValues, bucketExemplars } = counted(series, view) ?? NOTHING;
    const opening = `${name}_bucket{${text}${text === "" ? "" : ","}le="`;
    const exemplars = view.format === "openMetrics" ? bucketExemplars : undefined;
    let cumulative = 0;
    let block = "";
    for (const [key = "", le] of boundaries) {
      cumulative = le === "+Inf" ? count : cumulative + (bucketValues[key] ?? 0);
      const exemplar = exemplars?.[key];
      block += `${opening}${le}"} ${cumulative}${exemplar ? formatExemplar(exemplar) : ""}\n`;
    }
    const suffix = braced(text);
    yield `${block}${name}_sum${suffix} ${formatValue(sum)}\n${name}_count${suffix} ${count}\n`;
  }
}

/** What was counted of a series; `undefined` when that is nothing, or is held back. */
function counted<Stored>(series: Series<Stored> | ZeroSeries, { heldFrom }: View): Stored | undefined {
  return "stored" in series && series.birth < heldFrom ? series.stored : undefined;
}

/** What a histogram shows whose observations are held back. */
const NOTHING: StoredHistogram = { count: 0, sum: 0, bucketValues: {} };

function* collectedBlocks(collected: CollectedMetric, type: string, { format, shows }: View): Iterable<string> {
  const name = type === "counter" ? counterSampleName(collected.name, format) : collected.name;
  for (const { value, labels, metricName = name, exemplar } of collected.values) {
    if (shows !== undefined && !shows(labels)) continue;
    const exemplarText = exemplar && format === "openMetrics" ? formatExemplar(exemplar) : "";
    yield `${metricName}${braced(formatLabels(labels))} ${formatValue(value)}${exemplarText}\n`;
  }
}

function braced(labelText: string): string {
  return labelText === "" ? "" : `{${labelText}}`;
}
