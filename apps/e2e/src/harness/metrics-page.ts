/** One sample of a scrape. */
interface MetricSample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** A scrape of `/metrics` in the Prometheus text format. */
export interface MetricsPage {
  readonly text: string;
  readonly samples: readonly MetricSample[];
  /** Sum of the samples with this name whose labels include `labels`; 0 if there are none. */
  sum(name: string, labels?: Readonly<Record<string, string>>): number;
  /** Samples with this name whose labels include `labels`. */
  select(name: string, labels?: Readonly<Record<string, string>>): readonly MetricSample[];
}

/** Fetches and parses a metrics page. Throws when the answer is not 200 or a line is not understood. */
export async function scrape(url: string, headers: Readonly<Record<string, string>> = {}): Promise<MetricsPage> {
  const response = await fetch(url, { headers, signal: AbortSignal.timeout(60_000) });
  const text = await response.text();
  if (response.status !== 200) throw new Error(`${url} answered ${response.status}: ${text.slice(0, 500)}`);
  return parseMetricsPage(text);
}

/** Parses the Prometheus text format 0.0.4; comments are skipped. */
function parseMetricsPage(text: string): MetricsPage {
  const samples = text
    .split("\n")
    .filter((line) => line !== "" && !line.startsWith("#"))
    .map(parseSample);
  const select: MetricsPage["select"] = (name, labels = {}) =>
    samples.filter(
      (sample) =>
        sample.name === name && Object.entries(labels).every(([label, value]) => sample.labels[label] === value),
    );
  return {
    text,
    samples,
    select,
    sum: (name, labels) => select(name, labels).reduce((total, { value }) => total + value, 0),
  };
}

const SAMPLE = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)(?: \d+)?$/;
const LABEL = /([a-zA-Z_]\w*)="((?:[^"\\\n]|\\[\\n"])*)"(?:,|$)/y;

function parseSample(line: string): MetricSample {
  const [, name, inside = "", value] = SAMPLE.exec(line) ?? [];
  if (name === undefined || value === undefined) throw new Error(`not a sample of the text format: ${line}`);
  return { name, labels: parseLabels(inside, line), value: parseNumber(value) };
}

function parseLabels(inside: string, line: string): Record<string, string> {
  const labels: Record<string, string> = {};
  LABEL.lastIndex = 0;
  while (LABEL.lastIndex < inside.length) {
    const [, name, value] = LABEL.exec(inside) ?? [];
    if (name === undefined || value === undefined) throw new Error(`not a label set of the text format: ${line}`);
    labels[name] = value.replace(/\\([\\n"])/g, (_escape, character: string) => (character === "n" ? "\n" : character));
  }
  return labels;
}

/** `+Inf`, `-Inf` and `NaN` beside what JavaScript reads as a number. */
export function parseNumber(text: string): number {
  if (text === "+Inf") return Number.POSITIVE_INFINITY;
  if (text === "-Inf") return Number.NEGATIVE_INFINITY;
  const value = Number(text);
  if (text !== "NaN" && Number.isNaN(value)) throw new Error(`not a number: ${text}`);
  return value;
}
