import type { Labels, SampleLine } from "./exposition.ts";
import type { Family } from "./parse.ts";

/** Characters of names and values that the label set of an exemplar may have together (OpenMetrics 1.0, Exemplars). */
const EXEMPLAR_CHARACTERS_MAX = 128;

/** Everything about a complete family that breaks OpenMetrics 1.0, one sentence each. */
export function familyViolations(family: Family): readonly string[] {
  return [
    ...nameViolations(family),
    ...family.samples.flatMap((sample) => sampleViolations(family, sample)),
    ...orderViolations(family),
    ...(family.type === "histogram" ? histogramViolations(family) : []),
  ].map((violation) => `${family.name}: ${violation}`);
}

function nameViolations({ name, type, unit }: Family): readonly string[] {
  const violations: string[] = [];
  if (type === "counter" && name.endsWith("_total")) violations.push("a counter's family name carries no _total");
  if (type === "info" && name.endsWith("_info")) violations.push("an info's family name carries no _info");
  if (unit !== "" && !name.endsWith(`_${unit}`)) violations.push(`the name does not end in its unit ${unit}`);
  if (unit !== "" && (type === "info" || type === "stateset")) violations.push(`${type} has a unit`);
  return violations;
}

function sampleViolations(family: Family, sample: SampleLine): readonly string[] {
  const violations: string[] = [];
  const suffix = sample.name.slice(family.name.length);
  const counted = family.type === "counter" ? suffix === "_total" : suffix === "_bucket" || suffix === "_count";
  if (counted && !(sample.value >= 0)) violations.push(`${sample.name} is ${sample.value}`);
  if (suffix === "_bucket" && !Number.isInteger(sample.value)) violations.push(`a bucket counts ${sample.value}`);
  if (suffix === "_bucket" && !isBound(sample.labels.le)) violations.push(`le="${sample.labels.le}" is not a bound`);
  if (sample.exemplar !== undefined) {
    const { labels } = sample.exemplar;
    const characters = Object.entries(labels).flat().join("").length;
    if (suffix !== "_bucket" && suffix !== "_total") violations.push(`an exemplar on ${sample.name}`);
    if (characters > EXEMPLAR_CHARACTERS_MAX) violations.push(`an exemplar with ${characters} label characters`);
  }
  return violations;
}

/** The format asks for `1.0` rather than `1`, but only as a recommendation, which Prometheus 3 makes up for. */
function isBound(le: string | undefined): boolean {
  return le === "+Inf" || (le !== undefined && le !== "" && Number.isFinite(Number(le)));
}

/** No series twice, and the samples of one label set without others in between. */
function orderViolations(family: Family): readonly string[] {
  const violations: string[] = [];
  const seen = new Set<string>();
  const closed = new Set<string>();
  let open: string | undefined;
  for (const { name, labels } of family.samples) {
    const series = name + key(labels);
    if (seen.has(series)) violations.push(`series ${series} twice`);
    seen.add(series);
    const metric = key(withoutBound(labels));
    if (metric === open) continue;
    if (closed.has(metric)) violations.push(`the samples of ${metric} are not in one piece`);
    if (open !== undefined) closed.add(open);
    open = metric;
  }
  return violations;
}

function histogramViolations(family: Family): readonly string[] {
  const metrics = Map.groupBy(family.samples, ({ labels }) => key(withoutBound(labels)));
  return [...metrics].flatMap(([metric, samples]) => {
    const buckets = samples.filter(({ name }) => name.endsWith("_bucket"));
    const bounds = buckets.map(({ labels }) => (labels.le === "+Inf" ? Number.POSITIVE_INFINITY : Number(labels.le)));
    const total = samples.find(({ name }) => name.endsWith("_count"))?.value;
    const violations: string[] = [];
    if (bounds.at(-1) !== Number.POSITIVE_INFINITY) violations.push(`${metric} has no bucket +Inf at its end`);
    if (bounds.some((bound, index) => index > 0 && bound <= (bounds[index - 1] ?? bound))) {
      violations.push(`the bounds of ${metric} do not rise`);
    }
    if (buckets.some(({ value }, index) => value < (buckets[index - 1]?.value ?? 0))) {
      violations.push(`the buckets of ${metric} are not cumulative`);
    }
    if (total === undefined || buckets.at(-1)?.value !== total)
      violations.push(`_count of ${metric} is not its bucket +Inf`);
    if (!samples.some(({ name }) => name.endsWith("_sum"))) violations.push(`${metric} has no _sum`);
    return violations;
  });
}

function withoutBound({ le: _bound, quantile: _quantile, ...labels }: Labels): Labels {
  return labels;
}

function key(labels: Labels): string {
  return `{${Object.entries(labels)
    .sort(([left], [right]) => (left < right ? -1 : 1))
    .map(([name, value]) => `${name}=${JSON.stringify(value)}`)
    .join(",")}}`;
}
