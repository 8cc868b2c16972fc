import type { Duration } from "../promql/duration.ts";
import { type AlertSettings, defaultAlertSettings } from "./alerts.ts";
import { checkOverrides } from "./check-overrides.ts";
import { atPace } from "./pace.ts";
import { defaultScrapeSettings, type ScrapeSettings } from "./scrape.ts";
import { type BurnSettings, defaultBurnSettings, defaultSloSettings, type SloSettings } from "./slos.ts";

/** Where each severity is sent. Secrets are paths of files that Alertmanager reads. */
export interface ReceiverSettings {
  /** Whatever no other route takes. */
  readonly default: { readonly webhookUrl: string };
  /** `pagerdutyUrl` is the Events API v2; accounts in the European region have another. */
  readonly critical: { readonly pagerdutyRoutingKeyFile: string; readonly pagerdutyUrl: string };
  readonly warning: { readonly slackApiUrlFile: string; readonly slackChannel: string };
  readonly info: { readonly webhookUrl: string };
  /** Gets the dead man's switch again and again; something outside must notice when it stops. */
  readonly heartbeat: { readonly webhookUrl: string; readonly repeatInterval: Duration };
}

/** Grouping and repetition of notifications. */
export interface NotificationSettings {
  readonly groupBy: readonly string[];
  readonly groupWait: Duration;
  readonly groupInterval: Duration;
  readonly repeatInterval: Duration;
}

/** The Kubernetes variants of the files. */
export interface KubernetesSettings {
  readonly namespace: string;
  /** Pods with the label `app` of this value are scraped. */
  readonly app: string;
  /** The name of the one port of the pod and its service that serves metrics; a pod has a target for each of its ports. */
  readonly port: string;
  /** The Secret with the files of `scrape`, under their names without a folder, for the ServiceMonitor. */
  readonly scrapeSecret: string;
  /** Further labels of what the Prometheus operator selects by labels, such as `release` of its chart. */
  readonly labels: Readonly<Record<string, string>>;
}

/** How Prometheus and Alertmanager are scraped themselves. */
export interface WatcherSettings {
  readonly prometheus: {
    /** Whether the generated configuration scrapes it; a Prometheus that is there already may do so. */
    readonly scraped: boolean;
    /** The job under which alerts look for it. */
    readonly jobName: string;
    readonly targets: readonly string[];
  };
  /** Those that `alertmanagers` names. */
  readonly alertmanager: { readonly scraped: boolean; readonly jobName: string };
}

/** Where lines of the log can be looked at. */
export interface LogSettings {
  /** Dashboards show them, from the Loki that the reader chooses. */
  readonly loki: boolean;
  /** The stream of the gateways, in LogQL. */
  readonly selector: string;
  /** `json` are the lines of the gateway as they are, `otlp` what Loki keeps of its records of OTLP. */
  readonly format: "json" | "otlp";
}

/** Everything that differs between installations. */
export interface MonitoringOptions {
  readonly jobName: string;
  /** Addresses of gateways, for the static scrape configuration. */
  readonly targets: readonly string[];
  readonly scrapeInterval: Duration;
  readonly scrapeTimeout: Duration;
  readonly scrape: ScrapeSettings;
  readonly evaluationInterval: Duration;
  /**
   * Further labels of targets that tell installations in one Prometheus apart, such as `cluster` and `namespace`. Rules keep
   * them wherever they keep the job, notifications are grouped by them, and alerts hold back only those with the same.
   */
  readonly targetLabels: readonly string[];
  /** The oldest Prometheus that must understand the rules. */
  readonly minimumPrometheus: `${number}.${number}`;
  /** Runbook pages are `<this>/<alert>.md`. */
  readonly runbookBaseUrl: string;
  /** Dashboards are `<this>/d/<uid>`. */
  readonly grafanaBaseUrl: string;
  /** The gateway as operators reach it, for links to the history of calls; an empty text for no links. */
  readonly gatewayUrl: string;
  /** Where traces are looked at; `${__from}` and `${__to}` are filled in, in milliseconds. An empty text for no link. */
  readonly tracesUrl: string;
  readonly logs: LogSettings;
  readonly alertmanagers: readonly string[];
  readonly watchers: WatcherSettings;
  readonly alerts: AlertSettings;
  readonly slos: SloSettings;
  readonly burn: BurnSettings;
  readonly receivers: ReceiverSettings;
  readonly notifications: NotificationSettings;
  readonly kubernetes: KubernetesSettings;
}

/** What a caller gives: only what shall differ from the defaults. Lists are replaced, not merged. */
export type MonitoringOverrides = DeepPartial<MonitoringOptions>;

type DeepPartial<T> = T extends readonly unknown[]
  ? T
  : T extends object
    ? { readonly [K in keyof T]?: DeepPartial<T[K]> }
    : T;

/** The stack as the product ships it. */
export const defaultOptions: MonitoringOptions = {
  jobName: "mcp-hangar",
  targets: ["host.docker.internal:8000"],
  scrapeInterval: "10s",
  scrapeTimeout: "5s",
  scrape: defaultScrapeSettings,
  evaluationInterval: "15s",
  targetLabels: [],
  minimumPrometheus: "2.42",
  runbookBaseUrl: "https://github.com/mcp-hangar/mcp-hangar/blob/main/docs/runbooks",
  grafanaBaseUrl: "http://localhost:3000",
  gatewayUrl: "http://localhost:8000",
  // Jaeger takes microseconds. What is in braces is for Grafana to fill in.
  tracesUrl: `http://localhost:16686/search?service=mcp-hangar&start=\${__from}000&end=\${__to}000`,
  logs: { loki: false, selector: '{service_name="mcp-hangar"}', format: "json" },
  alertmanagers: ["alertmanager:9093"],
  watchers: {
    prometheus: { scraped: true, jobName: "prometheus", targets: ["localhost:9090"] },
    alertmanager: { scraped: true, jobName: "alertmanager" },
  },
  alerts: defaultAlertSettings,
  slos: defaultSloSettings,
  burn: defaultBurnSettings,
  receivers: {
    default: { webhookUrl: "http://alert-webhook:8080/default" },
    critical: {
      pagerdutyRoutingKeyFile: "/etc/alertmanager/secrets/pagerduty-routing-key",
      pagerdutyUrl: "https://events.pagerduty.com/v2/enqueue",
    },
    warning: { slackApiUrlFile: "/etc/alertmanager/secrets/slack-api-url", slackChannel: "#mcp-hangar-alerts" },
    info: { webhookUrl: "http://alert-webhook:8080/info" },
    heartbeat: { webhookUrl: "http://alert-webhook:8080/heartbeat", repeatInterval: "5m" },
  },
  notifications: {
    groupBy: ["alertname", "severity"],
    groupWait: "30s",
    groupInterval: "5m",
    repeatInterval: "4h",
  },
  kubernetes: {
    namespace: "mcp-hangar",
    app: "mcp-hangar",
    port: "metrics",
    scrapeSecret: "mcp-hangar-scrape",
    labels: {},
  },
};

/**
 * The defaults with a caller's differences, at the caller's pace: a scrape interval stretches what is too short for it.
 * @throws OptionsUnusable for keys and values that do not exist, which JSON may have.
 */
export function resolveOptions(given: MonitoringOverrides & { readonly $schema?: string } = {}): MonitoringOptions {
  // Editors look there for the schema; it is no option.
  const { $schema: _schema, ...overrides } = isRecord(given) ? given : {};
  checkOverrides(isRecord(given) ? overrides : given, defaultOptions);
  const scrapeInterval = overrides.scrapeInterval ?? defaultOptions.scrapeInterval;
  return merge({ ...defaultOptions, alerts: atPace(defaultOptions.alerts, scrapeInterval) }, overrides);
}

function merge<T>(defaults: T, overrides: unknown): T {
  if (overrides === undefined) return defaults;
  if (!isRecord(defaults) || !isRecord(overrides)) return overrides as T;
  const keys = new Set([...Object.keys(defaults), ...Object.keys(overrides)]);
  const merged = [...keys].map((key) => [key, merge(defaults[key], overrides[key])]);
  // Every key has the value of the defaults or one that `MonitoringOverrides` admits in its place.
  return Object.fromEntries(merged) as T;
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
