import { type RuntimeMetricDefinition, runtimeMetrics } from "@mcp-hangar/telemetry";
import { openLabels, type ScrapedMetric } from "./metric.ts";

/** A metric whose labels are all open. */
interface OpenMetric<Name extends string, Type extends ScrapedMetric["type"], Label extends string>
  extends ScrapedMetric {
  readonly name: Name;
  readonly type: Type;
  readonly labels: ReturnType<typeof openLabels<Label>>;
}

/** Series that Prometheus makes about a target and its own alerts. */
export const prometheusMetrics = {
  /** 1 if the last scrape of a target succeeded. */
  up: gauge("up", []),
  scrapeDuration: gauge("scrape_duration_seconds", []),
  scrapeSamples: gauge("scrape_samples_scraped", []),
  scrapeSeriesAdded: gauge("scrape_series_added", []),
  /** 1 for each pending or firing alert; further labels are those of the alert. */
  alerts: gauge("ALERTS", ["alertname", "alertstate", "severity", "mcp_server", "slo"]),
} as const;

type Runtime = typeof runtimeMetrics;

/** The process and Node.js metrics in the form that rules select from. */
export const runtime = Object.fromEntries(
  Object.entries<RuntimeMetricDefinition>(runtimeMetrics).map(([key, { name, type, labels, buckets }]) => [
    key,
    { name, type, labels: openLabels(labels), ...(buckets === undefined ? {} : { buckets }) },
  ]),
  // Each entry is made from the definition with the same key.
) as unknown as {
  readonly [Key in keyof Runtime]: OpenMetric<
    Runtime[Key]["name"],
    Runtime[Key]["type"],
    Runtime[Key]["labels"][number]
  > &
    (Runtime[Key] extends { readonly buckets: infer Buckets } ? { readonly buckets: Buckets } : unknown);
};

function gauge<const Name extends string, const Label extends string>(
  name: Name,
  labels: readonly Label[],
): OpenMetric<Name, "gauge", Label> {
  return { name, type: "gauge", labels: openLabels(labels) };
}
