/**
 * The one place that looks behind prom-client's interface. Its `get()` copies every bucket of every series in one go,
 * which stops the event loop for tens of milliseconds when there are thousands of histograms; with the stored entry at
 * hand a scrape is rendered series by series. `inc` and `observe` check the labels and write them as text each time, which
 * costs every call several microseconds; with the entry at hand they are known. Tests compare both with prom-client.
 */
import type { Counter, Histogram } from "prom-client";
import type { Labels } from "./label-values.ts";

/** What prom-client keeps of a counter series; `value` changes with every increment. */
export interface StoredCounter {
  value: number;
}

/** What prom-client keeps of a histogram series. Counts are per bucket, not cumulative. */
export interface StoredHistogram {
  readonly bucketValues: Record<string, number>;
  count: number;
  sum: number;
  /** By boundary, `-1` standing for the last bucket; absent when exemplars are off. */
  readonly bucketExemplars?: Record<string, StoredExemplar | null>;
}

export interface StoredExemplar {
  readonly labelSet: Readonly<Record<string, string | number>>;
  readonly value: number;
  /** Seconds since the epoch. */
  readonly timestamp: number;
}

/** The entry of an existing counter series. */
export function storedCounter(metric: Counter, labels: Labels): StoredCounter {
  return storedEntry<StoredCounter>(metric, labels, "value");
}

/** The entry of an existing histogram series. */
export function storedHistogram(metric: Histogram, labels: Labels): StoredHistogram {
  return storedEntry<StoredHistogram>(metric, labels, "bucketValues");
}

/** Does what `inc` does to a series. Throws for what no counter can count. */
export function increase(series: StoredCounter, value: number): void {
  if (!(value >= 0 && value < Infinity)) throw new TypeError(`a counter cannot be increased by ${value}`);
  series.value += value;
}

/** Does what `observe` does to a series of a histogram with these upper bounds. Throws for what is no number. */
export function observe(series: StoredHistogram, bounds: readonly number[], value: number): void {
  if (!Number.isFinite(value)) throw new TypeError(`a histogram cannot observe ${value}`);
  series.sum += value;
  series.count += 1;
  const bound = boundOf(bounds, value);
  if (bound !== undefined) series.bucketValues[bound] = (series.bucketValues[bound] ?? 0) + 1;
}

/** A value that comes from a trace. */
interface TracedValue {
  readonly value: number;
  readonly traceId: string;
  /** Unix time in milliseconds. */
  readonly timeMs: number;
}

/** The same of a value that comes from a trace, which the bucket then has as its exemplar. */
export function observeTraced(
  series: StoredHistogram,
  bounds: readonly number[],
  { value, traceId, timeMs }: TracedValue,
): void {
  observe(series, bounds, value);
  const { bucketExemplars } = series;
  if (bucketExemplars === undefined) return;
  const exemplar = { labelSet: { trace_id: traceId }, value, timestamp: timeMs / 1_000 };
  bucketExemplars[boundOf(bounds, value) ?? -1] = exemplar;
}

function boundOf(bounds: readonly number[], value: number): number | undefined {
  for (const bound of bounds) if (value <= bound) return bound;
  return undefined;
}

interface Internals {
  readonly name: string;
  readonly sortedLabelNames: readonly string[];
  readonly hashMap: Readonly<Record<string, object>>;
}

function storedEntry<Stored extends object>(metric: object, labels: Labels, field: keyof Stored & string): Stored {
  // prom-client's types hide these fields; the check below is the proof that they are there.
  const { name, sortedLabelNames, hashMap } = metric as Internals;
  const key = sortedLabelNames.map((label) => `${label}:${labels[label]},`).join("");
  const entry = hashMap[key];
  if (entry === undefined || !(field in entry)) {
    throw new Error(`prom-client keeps no series "${key}" of ${name}; this package was written for prom-client 15.`);
  }
  return entry as Stored;
}
