import { bucketLabel } from "@mcp-hangar/telemetry";
import type { EventCounter, EventHistogram, EventMetric } from "../event-metric.ts";
import type { StoredExemplar } from "../stored-series.ts";
import {
  counterSampleName,
  type ExpositionFormat,
  formatExemplar,
  formatHeader,
  formatLabels,
  formatValue,
} from "./format.ts";

/** A metric ready to be written: its header, then one block of lines a series. */
export interface Family {
  header(format: ExpositionFormat): string;
  blocks(format: ExpositionFormat): Iterable<string>;
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
    blocks: (format) => (isHistogram(metric) ? histogramBlocks(metric, format) : counterBlocks(metric, format)),
  };
}

/** Any other metric of the registry: gauges, runtime metrics, and what the embedding program registered itself. */
export function familyOfCollected(collected: CollectedMetric): Family {
  const type = String(collected.type);
  return {
    header: (format) => formatHeader(collected.name, type, collected.help, format),
    blocks: (format) => collectedBlocks(collected, type, format),
  };
}

function isHistogram(metric: EventMetric): metric is EventHistogram {
  return metric.definition.type === "histogram";
}

function* counterBlocks({ definition, labelSets }: EventCounter, format: ExpositionFormat): Iterable<string> {
  const name = counterSampleName(definition.name, format);
  for (const { labels, stored } of labelSets.all()) {
    yield `${name}${braced(formatLabels(labels))} ${formatValue(stored.value)}\n`;
  }
}

function* histogramBlocks({ definition, labelSets }: EventHistogram, format: ExpositionFormat): Iterable<string> {
  const { name } = definition;
  const buckets = "buckets" in definition ? definition.buckets : [];
  const boundaries = [...buckets.map((boundary) => [String(boundary), bucketLabel(boundary)]), ["-1", "+Inf"]] as const;
  for (const { labels, stored } of labelSets.all()) {
    const labelText = formatLabels(labels);
    const opening = `${name}_bucket{${labelText}${labelText === "" ? "" : ","}le="`;
    const exemplars = format === "openMetrics" ? stored.bucketExemplars : undefined;
    let cumulative = 0;
    let block = "";
    for (const [key = "", le] of boundaries) {
      cumulative = le === "+Inf" ? stored.count : cumulative + (stored.bucketValues[key] ?? 0);
      const exemplar = exemplars?.[key];
      block += `${opening}${le}"} ${cumulative}${exemplar ? formatExemplar(exemplar) : ""}\n`;
    }
    const suffix = braced(labelText);
    yield `${block}${name}_sum${suffix} ${formatValue(stored.sum)}\n${name}_count${suffix} ${stored.count}\n`;
  }
}

function* collectedBlocks(collected: CollectedMetric, type: string, format: ExpositionFormat): Iterable<string> {
  const name = type === "counter" ? counterSampleName(collected.name, format) : collected.name;
  for (const { value, labels, metricName = name, exemplar } of collected.values) {
    const exemplarText = exemplar && format === "openMetrics" ? formatExemplar(exemplar) : "";
    yield `${metricName}${braced(formatLabels(labels))} ${formatValue(value)}${exemplarText}\n`;
  }
}

function braced(labelText: string): string {
  return labelText === "" ? "" : `{${labelText}}`;
}
