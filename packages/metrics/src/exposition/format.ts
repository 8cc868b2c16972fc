import { bucketLabel } from "@mcp-hangar/telemetry";

/** The two formats of a scrape, with the content type that announces each. */
export const CONTENT_TYPES = {
  text: "text/plain; version=0.0.4; charset=utf-8",
  openMetrics: "application/openmetrics-text; version=1.0.0; charset=utf-8",
} as const;

export type ExpositionFormat = keyof typeof CONTENT_TYPES;

/** A sample value; both formats spell what is not finite in their own way, not in that of JavaScript. */
export function formatValue(value: number): string {
  if (Number.isFinite(value)) return String(value);
  if (Number.isNaN(value)) return "NaN";
  return value > 0 ? "+Inf" : "-Inf";
}

/** `name="value"` pairs separated by commas, without braces; numbers are the reserved labels `le` and `quantile`. */
export function formatLabels(labels: Readonly<Record<string, string | number | undefined>>): string {
  let text = "";
  for (const name in labels) {
    const value = labels[name];
    if (value === undefined) continue;
    const separator = text === "" ? "" : ",";
    text += `${separator}${name}="${typeof value === "number" ? bucketLabel(value) : escapeLabelValue(value)}"`;
  }
  return text;
}

/** The lines that introduce a metric. OpenMetrics names a counter without its suffix. */
export function formatHeader(name: string, type: string, help: string, format: ExpositionFormat): string {
  const family = format === "openMetrics" && type === "counter" ? counterFamily(name) : name;
  return `# HELP ${family} ${escapeHelp(help, format)}\n# TYPE ${family} ${type}\n`;
}

/** The name of a counter's samples, which OpenMetrics demands to end in `_total`. */
export function counterSampleName(name: string, format: ExpositionFormat): string {
  return format === "openMetrics" ? `${counterFamily(name)}_total` : name;
}

/** What follows a sample line in OpenMetrics to say which trace it came from. */
export function formatExemplar(exemplar: {
  readonly labelSet: Readonly<Record<string, string | number>>;
  readonly value: number;
  readonly timestamp: number;
}): string {
  return ` # {${formatLabels(exemplar.labelSet)}} ${formatValue(exemplar.value)} ${exemplar.timestamp}`;
}

function counterFamily(name: string): string {
  return name.endsWith("_total") ? name.slice(0, -"_total".length) : name;
}

/** A label value as it stands between quotation marks. */
export function escapeLabelValue(value: string): string {
  return /[\\"\n]/.test(value) ? value.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n") : value;
}

function escapeHelp(help: string, format: ExpositionFormat): string {
  const escaped = help.replaceAll("\\", "\\\\").replaceAll("\n", "\\n");
  return format === "openMetrics" ? escaped.replaceAll('"', '\\"') : escaped;
}
