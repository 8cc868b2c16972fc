/** A strict reader of OpenMetrics 1.0: what the specification forbids throws, with the line. */
export interface ParsedSample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
  readonly exemplar: { readonly labels: Readonly<Record<string, string>>; readonly value: number } | undefined;
}

export interface ParsedFamily {
  readonly name: string;
  readonly type: string;
  readonly help: string;
  readonly samples: readonly ParsedSample[];
}

const SUFFIXES: Readonly<Record<string, readonly string[]>> = {
  counter: ["_total", "_created"],
  gauge: [""],
  histogram: ["_bucket", "_sum", "_count", "_created"],
  summary: ["", "_sum", "_count", "_created"],
};

const NUMBER = String.raw`[+-]?(?:\d+(?:\.\d*)?(?:e[+-]?\d+)?|Inf)|NaN`;
const LABEL_SET = String.raw`\{((?:[a-zA-Z_]\w*="(?:[^"\\\n]|\\[\\"n])*"(?:,(?!\}))?)*)\}`;
const SAMPLE = new RegExp(
  `^([a-zA-Z_:][\\w:]*)(?:${LABEL_SET})? (${NUMBER})(?: # ${LABEL_SET} (${NUMBER})(?: \\d+(?:\\.\\d+)?)?)?$`,
);
const LABEL = /([a-zA-Z_]\w*)="((?:[^"\\]|\\.)*)"/g;

export function parseOpenMetrics(text: string): ReadonlyMap<string, ParsedFamily> {
  if (!text.endsWith("\n# EOF\n")) throw new Error("The exposition does not end with # EOF and a line feed.");
  const families = new Map<string, ParsedFamily & { samples: ParsedSample[]; help: string; type: string }>();
  const series = new Set<string>();
  let current: (ParsedFamily & { samples: ParsedSample[]; help: string; type: string }) | undefined;
  for (const line of text.slice(0, -"# EOF\n".length - 1).split("\n")) {
    const [, keyword, name = "", rest = ""] = /^# (HELP|TYPE) ([a-zA-Z_:][\w:]*) (.+)$/.exec(line) ?? [];
    if (keyword !== undefined) {
      if (current?.name !== name) {
        if (families.has(name)) throw new Error(`The family ${name} comes twice or in two parts.`);
        current = { name, type: "", help: "", samples: [] };
        families.set(name, current);
      }
      const field = keyword === "HELP" ? "help" : "type";
      if (current[field] !== "" || current.samples.length > 0) throw new Error(`Misplaced metadata: ${line}`);
      if (field === "type" && !(rest in SUFFIXES)) throw new Error(`Unknown type: ${line}`);
      current[field] = rest;
      continue;
    }
    const sample = parseSample(line);
    if (current === undefined) throw new Error(`A sample without a family: ${line}`);
    const suffix = sample.name.startsWith(current.name) ? sample.name.slice(current.name.length) : undefined;
    if (suffix === undefined || !SUFFIXES[current.type]?.includes(suffix)) {
      throw new Error(`A sample outside its family ${current.name}: ${line}`);
    }
    if (sample.exemplar !== undefined && suffix !== "_bucket" && suffix !== "_total") {
      throw new Error(`An exemplar where none may be: ${line}`);
    }
    const key = `${sample.name} ${JSON.stringify(Object.entries(sample.labels).sort(([a], [b]) => (a < b ? -1 : 1)))}`;
    if (series.has(key)) throw new Error(`A series that comes twice: ${line}`);
    series.add(key);
    current.samples.push(sample);
  }
  for (const family of families.values()) if (family.type === "histogram") checkHistogram(family);
  checkNames([...families.values()]);
  return families;
}

/** The value of one series, `undefined` if there is none. `labels` may leave out labels as long as one series matches. */
export function sampleValue(
  families: ReadonlyMap<string, ParsedFamily>,
  name: string,
  labels: Readonly<Record<string, string>> = {},
): number | undefined {
  const matches = [...families.values()]
    .flatMap(({ samples }) => samples)
    .filter((sample) => sample.name === name && Object.entries(labels).every(([k, v]) => sample.labels[k] === v));
  if (matches.length > 1) throw new Error(`${name} ${JSON.stringify(labels)} matches ${matches.length} series.`);
  return matches[0]?.value;
}

function parseSample(line: string): ParsedSample {
  const match = SAMPLE.exec(line);
  if (match === null) throw new Error(`Not a sample: ${JSON.stringify(line)}`);
  const [, name = "", labels, value = "", exemplarLabels, exemplarValue] = match;
  const exemplar =
    exemplarLabels === undefined || exemplarValue === undefined
      ? undefined
      : { labels: parseLabels(exemplarLabels, line), value: parseNumber(exemplarValue) };
  if (exemplar !== undefined && Object.entries(exemplar.labels).flat().join("").length > 128) {
    throw new Error(`An exemplar with more than 128 characters: ${line}`);
  }
  return { name, labels: parseLabels(labels ?? "", line), value: parseNumber(value), exemplar };
}

function parseLabels(text: string, line: string): Readonly<Record<string, string>> {
  const entries = [...text.matchAll(LABEL)].map(([, name = "", value = ""]) => [
    name,
    value.replace(/\\(.)/g, (_all, escaped: string) => (escaped === "n" ? "\n" : escaped)),
  ]);
  if (new Set(entries.map(([name]) => name)).size !== entries.length) throw new Error(`A label comes twice: ${line}`);
  return Object.fromEntries(entries);
}

function parseNumber(text: string): number {
  return Number(text.replace("Inf", "Infinity"));
}

function checkHistogram({ name, samples }: ParsedFamily): void {
  const histograms = Map.groupBy(samples, ({ labels: { le: _le, ...labels } }) => JSON.stringify(labels));
  for (const [labels, parts] of histograms) {
    const buckets = parts.filter((part) => part.name === `${name}_bucket`);
    const boundaries = buckets.map((bucket) => bucket.labels.le ?? "");
    if (boundaries.at(-1) !== "+Inf") throw new Error(`${name}${labels} does not end with the bucket +Inf.`);
    if (boundaries.some((le) => le !== "+Inf" && !le.includes("."))) {
      throw new Error(`${name}${labels} has a boundary that is not spelt as a float: ${boundaries.join(" ")}`);
    }
    const numbers = boundaries.map(parseNumber);
    if (numbers.some((le, index) => index > 0 && le <= (numbers[index - 1] ?? le))) {
      throw new Error(`${name}${labels} has boundaries that do not ascend.`);
    }
    if (buckets.some(({ value }, index) => value < (buckets[index - 1]?.value ?? 0))) {
      throw new Error(`${name}${labels} has buckets that are not cumulative.`);
    }
    if (parts.find((part) => part.name === `${name}_count`)?.value !== buckets.at(-1)?.value) {
      throw new Error(`${name}${labels} has a count other than that of its last bucket.`);
    }
    if (!parts.some((part) => part.name === `${name}_sum`)) throw new Error(`${name}${labels} has no sum.`);
  }
}

function checkNames(families: readonly ParsedFamily[]): void {
  const names = families.flatMap(({ name, type }) => (SUFFIXES[type] ?? []).map((suffix) => name + suffix));
  if (new Set(names).size !== names.length) throw new Error("The sample names of two families clash.");
  for (const { name, type, help } of families) {
    if (type === "" || help === "") throw new Error(`${name} has no type or no help.`);
  }
}
