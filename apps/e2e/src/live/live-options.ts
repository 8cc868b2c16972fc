import { defaultAlertSettings, type MonitoringOverrides } from "@mcp-hangar/monitoring";

/** Where the parts of a live stack are. */
export interface LiveEndpoints {
  /** `host:port` of every gateway that is scraped. */
  readonly targets: readonly string[];
  /** `host:port`, for it scrapes itself. */
  readonly prometheus: string;
  /** `host:port`. */
  readonly alertmanager: string;
  /** Base URL of the sink that stands for PagerDuty, Slack and the webhooks. */
  readonly sink: string;
  /** Absolute path of the folder that holds the secrets of the receivers. */
  readonly secrets: string;
}

/** The shortest window that holds four scrapes and one that comes late. */
const WINDOW = "5s";

/** Receivers that are pointed at the sink. Routing and everything else is as the product ships it. */
export function productOptions({
  targets,
  prometheus,
  alertmanager,
  sink,
  secrets,
}: LiveEndpoints): MonitoringOverrides {
  return {
    targets,
    alertmanagers: [alertmanager],
    watchers: { prometheus: { targets: [prometheus] } },
    receivers: {
      default: { webhookUrl: `${sink}/default` },
      critical: { pagerdutyRoutingKeyFile: `${secrets}/pagerduty-routing-key`, pagerdutyUrl: `${sink}/pagerduty` },
      warning: { slackApiUrlFile: `${secrets}/slack-api-url` },
      info: { webhookUrl: `${sink}/info` },
      heartbeat: { webhookUrl: `${sink}/heartbeat` },
    },
  };
}

/** The same with every interval, window and wait cut to seconds, and with thresholds that a test can cross. */
export function quickOptions(endpoints: LiveEndpoints): MonitoringOverrides {
  return {
    ...productOptions(endpoints),
    scrapeInterval: "1s",
    scrapeTimeout: "1s",
    evaluationInterval: "1s",
    notifications: { groupWait: "0s", groupInterval: "1s", repeatInterval: "1h" },
    alerts: quickAlerts(),
    // Calls longer than half a second are what a hanging server makes within a test.
    slos: { latency: { objective: 0.995, limit: 0.5 }, batch_success: { objective: 0.99 } },
    burn: {
      baseWindow: WINDOW,
      longEvery: "1s",
      // Shares of thirty days' budget that give factors near 13, 6, 3 and 1.
      windows: [
        { long: "20s", short: "5s", budgetShare: 0.0001, minimum: 10, for: "1s", severity: "critical" },
        { long: "30s", short: "5s", budgetShare: 0.00007, minimum: 10, for: "1s", severity: "critical" },
        { long: "40s", short: "5s", budgetShare: 0.00005, minimum: 10, for: "1s", severity: "warning" },
        { long: "60s", short: "5s", budgetShare: 0.000025, minimum: 10, for: "1s", severity: "warning" },
      ],
    },
  };
}

function quickAlerts(): NonNullable<MonitoringOverrides["alerts"]> {
  const short = Object.entries(defaultAlertSettings).map(([key, setting]) => {
    const changed = Object.entries(setting).map(([name, value]) => [name, QUICK[name]?.(value) ?? value]);
    return [key, Object.fromEntries(changed)] as const;
  });
  return {
    // Each setting keeps its fields; only durations are other durations.
    ...(Object.fromEntries(short) as typeof defaultAlertSettings),
    // As many failed calls are asked for as in the product. Of a series that has just begun, an increase is up to twice what happened,
    // and right after a few scrapes: in the product that is over long before these have waited.
    HighErrorRate: { window: WINDOW, for: "3s" },
    GatewayFailing: { window: WINDOW, for: "3s" },
    McpServerFailing: { window: "20s", for: "8s" },
    ToolFailing: { window: "20s", for: "8s" },
    // A check that is given up takes a second, and two of them are no trouble yet.
    HealthCheckSlow: { window: "10s", for: "1s", limit: 0.5 },
    // Of these there are few within five seconds.
    GCSlowCycles: { window: WINDOW, for: "1s", minimum: 1 },
    BatchHighCancellationRate: { window: WINDOW, for: "1s", minimum: 1 },
    HighLatencyP95: { window: WINDOW, for: "1s", limit: 0.5 },
    HighLatencyP99: { window: WINDOW, for: "1s", limit: 0.5 },
    HighLatencyByTool: { window: WINDOW, for: "1s", limit: 0.5 },
    BatchSlowExecution: { window: WINDOW, for: "1s", limit: 0.5, minimum: 1 },
    BatchSizeTooLarge: { window: WINDOW, for: "1s", limit: 5, minimum: 1 },
    // Two restarts within half a minute; a test has no time for four.
    GatewayRestarting: { window: "30s", count: 1 },
    // A state that is held for a window says something only if it lasts longer than that.
    CircuitBreakerTripped: { window: "10s", openWithin: "4s", for: "5s" },
    McpServerDead: { window: "4s", for: "5s" },
    // One start within five seconds is no loop; three are.
    FrequentColdStarts: { window: WINDOW, for: "1s", perSecond: 0.45 },
    McpServerCrashLooping: { window: "10s", count: 1 },
    // An exporter waits longer and longer before it tries again: more than two failures take longer than five seconds.
    TelemetryExportFailing: { window: "30s", silence: "3s", for: "1s" },
    // How late a busy machine lets a process run is chance.
    EventLoopLagging: { level: 60 },
    // The gateway looks at its journal every quarter of a minute.
    AuditSinkLagging: { level: 5, for: "1s" },
    AuditJournalFilling: { level: 0.5, for: "1s" },
    AuditCheckpointOverdue: { level: 2, for: "1s" },
    // What is sent while a reload looks for Alertmanagers anew, or while a busy machine keeps Alertmanager from running, is lost.
    AlertmanagerUnreachable: { times: 1_000_000 },
    HighToolCallVolume: { window: WINDOW, perSecond: 120 },
  };
}

/** What becomes of a duration or a number, by the name of the field that holds it. */
const QUICK: Readonly<Record<string, (value: unknown) => string | number>> = {
  window: () => WINDOW,
  silence: () => "3s",
  for: (value) => (value === "0s" ? value : "1s"),
};
