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

/** What Prometheus tells of itself, under the same names from 2.42 on. */
export const prometheusOwn = {
  /** 1 if what was read last is in force. */
  configLoaded: gauge("prometheus_config_last_reload_successful", []),
  /** Evaluations that have ended in an error. */
  ruleFailures: counter("prometheus_rule_evaluation_failures_total", ["rule_group"]),
  /** What an Alertmanager has not taken: requests in Prometheus 2, alerts in Prometheus 3. */
  notTaken: counter("prometheus_notifications_errors_total", ["alertmanager"]),
  /** Alerts that no Alertmanager has taken. */
  notTakenByAny: counter("prometheus_notifications_dropped_total", []),
} as const;

/** What Alertmanager tells of itself, under the same names from 0.25 on. */
export const alertmanagerOwn = {
  configLoaded: gauge("alertmanager_config_last_reload_successful", []),
  /** Notifications that have failed for good, after all attempts. There is no reason before 0.26. */
  notificationsFailed: counter("alertmanager_notifications_failed_total", ["integration", "reason"]),
} as const;

/** Whether a metric is one of Prometheus or Alertmanager, which have jobs of their own. */
export function isOfWatcher({ name }: { readonly name: string }): boolean {
  return WATCHERS_OWN.has(name);
}

const WATCHERS_OWN: ReadonlySet<string> = new Set(
  [...Object.values(prometheusOwn), ...Object.values(alertmanagerOwn)].map(({ name }) => name),
);

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

function counter<const Name extends string, const Label extends string>(
  name: Name,
  labels: readonly Label[],
): OpenMetric<Name, "counter", Label> {
  return { name, type: "counter", labels: openLabels(labels) };
}

function gauge<const Name extends string, const Label extends string>(
  name: Name,
  labels: readonly Label[],
): OpenMetric<Name, "gauge", Label> {
  return { name, type: "gauge", labels: openLabels(labels) };
}
