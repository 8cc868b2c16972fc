import { type MonitoringOverrides, resolveOptions } from "../src/settings/options.ts";
import { buildStack, type Stack } from "../src/stack.ts";
import { ruleText } from "./promtool.ts";

/** Another job, another pace, and thresholds and windows of every sort. */
export const otherSettings = {
  jobName: "gateway-eu",
  evaluationInterval: "30s",
  alerts: {
    HighErrorRate: { share: 0.25, window: "10m", for: "7m" },
    HighLatencyP95: { quantile: 0.9, limit: 10 },
    CircuitBreakerTripped: { count: 3, window: "15m", openWithin: "2m", for: "5m" },
    ProviderUnhealthy: { level: 9, for: "0s" },
    McpServerStarted: { count: 4 },
    FrequentColdStarts: { perSecond: 0.02 },
    HighCPUUsage: { share: 0.5 },
    TelemetryExportFailing: { silence: "8m", window: "20m" },
  },
  slos: { errors: { objective: 0.995 }, latency: { limit: 5 } },
} satisfies MonitoringOverrides;

export const otherStack: Stack = buildStack(resolveOptions(otherSettings));

/** What is played of it: burn rates over many hours differ from that over one in nothing but their numbers. */
export const otherAlerts: readonly string[] = otherStack.alerts
  .map(({ id }) => id)
  .filter((id) => !/BudgetBurn:(6h|1d|3d)/.test(id));

/** Those of some alerts whose rules are not what the rules of `before` are for the job of `after`. */
export function changedAlerts(before: Stack, after: Stack, alerts: readonly string[]): readonly string[] {
  const inJob = (text: string): string =>
    // Of series, of a rule that says it itself, and of its link.
    ['job="', " job: ", "var-job="].reduce(
      (rules, mark) => rules.replaceAll(`${mark}${before.options.jobName}`, `${mark}${after.options.jobName}`),
      text,
    );
  return alerts.filter((id) => inJob(ruleText(before, id)) !== ruleText(after, id));
}
