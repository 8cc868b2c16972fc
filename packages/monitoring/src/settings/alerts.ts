import type { catalog } from "@mcp-hangar/telemetry";
import type { Severity } from "../names.ts";
import type { Duration } from "../promql/duration.ts";
import type { BoundaryOf, HistogramMetric } from "../promql/select.ts";

/** What every alert has. An alert that is not enabled is not generated. */
export interface AlertSetting {
  readonly severity: Severity;
  readonly for: Duration;
  readonly enabled: boolean;
}

/** Fires when a share from 0 to 1 is exceeded over the window. */
export interface ShareAlert extends AlertSetting {
  readonly share: number;
  readonly window: Duration;
}

/** What alerts on a share of events have beside it, for of few events a single one is a large share. */
export interface Minimum {
  /** At least so many events within the window must be bad. 0 asks for no number. */
  readonly minimum: number;
}

/** Fires when a share of events is exceeded over the window, and enough of them are bad. */
export interface EventShareAlert extends ShareAlert, Minimum {}

/** Fires when a quantile is above a limit, that is, when more than `1 − quantile` of the observations are. */
export interface QuantileAlert<Histogram extends HistogramMetric> extends AlertSetting, Minimum {
  readonly quantile: number;
  /** A boundary of the histogram, because only there the share is exact. */
  readonly limit: BoundaryOf<Histogram>;
  readonly window: Duration;
}

/** Fires when more than `count` happened within the window. */
export interface CountAlert extends AlertSetting {
  readonly count: number;
  readonly window: Duration;
}

/**
 * Fires when at least `times` happened within the window. An increase is a little more than what happened, so that "more than one" would
 * be one.
 */
export interface TimesAlert extends AlertSetting {
  readonly times: number;
  readonly window: Duration;
}

/** Fires when more than `perSecond` happen, on average over the window. */
export interface RateAlert extends AlertSetting {
  readonly perSecond: number;
  readonly window: Duration;
}

/** Fires when a share of what there is of something is taken. */
export interface SaturationAlert extends AlertSetting {
  readonly share: number;
}

/** Fires when a level is exceeded. */
export interface LevelAlert extends AlertSetting {
  readonly level: number;
}

/** Fires when something was so at any time within the window, so that a short change does not hide it. */
export interface WindowAlert extends AlertSetting {
  readonly window: Duration;
}

type Catalog = typeof catalog;

/** Thresholds, windows and severities of every alert, by the name without its prefix. */
export interface AlertSettings {
  readonly NotResponding: AlertSetting;
  readonly HighErrorRate: EventShareAlert;
  /** Requests other than tool calls. */
  readonly HighRequestErrorRate: EventShareAlert;
  readonly BatchHighFailureRate: EventShareAlert;
  /** One server of many, by all of its calls. */
  readonly McpServerFailing: EventShareAlert;
  /** One tool of which in effect every call fails. */
  readonly ToolFailing: EventShareAlert;
  /** One gateway of several. */
  readonly GatewayFailing: EventShareAlert;
  /** `count` rejections within `window`, or a breaker that was open within `openWithin`. */
  readonly CircuitBreakerTripped: CountAlert & { readonly openWithin: Duration };
  /** Consecutive failures. */
  readonly ProviderUnhealthy: LevelAlert;
  /** Consecutive failures. */
  readonly HighConsecutiveFailures: LevelAlert;
  readonly HealthCheckSlow: QuantileAlert<Catalog["healthCheckDuration"]>;
  readonly HighLatencyP95: QuantileAlert<Catalog["toolCallDuration"]>;
  readonly HighLatencyP99: QuantileAlert<Catalog["toolCallDuration"]>;
  readonly HighLatencyByTool: QuantileAlert<Catalog["toolCallDuration"]>;
  readonly FrequentColdStarts: RateAlert;
  readonly BatchSlowExecution: QuantileAlert<Catalog["batchDuration"]>;
  readonly BatchHighCancellationRate: EventShareAlert;
  readonly BatchSizeTooLarge: QuantileAlert<Catalog["batchSize"]>;
  readonly GCSlowCycles: QuantileAlert<Catalog["idleSweepDuration"]>;
  /** Resident bytes. */
  readonly HighMemoryUsage: LevelAlert;
  /** The share of the CPU that the process may use. */
  readonly HighCPUUsage: ShareAlert;
  /** The share of the container's memory that the gateway's process has, or of the machine's where there is no limit. */
  readonly MemoryNearLimit: SaturationAlert;
  /** The share of the JavaScript heap's limit. */
  readonly HeapNearLimit: SaturationAlert;
  /** The share of the file descriptors that the process may open. */
  readonly FileDescriptorsNearLimit: SaturationAlert;
  /** The share of the sessions that may be open with a server that gives each caller or client one, of those in use. */
  readonly SessionsNearLimit: SaturationAlert;
  /** Seconds that the slowest one in a hundred turns of the event loop comes late. */
  readonly EventLoopLagging: LevelAlert;
  /** Requests, answers and connections that a limit of the gateway has cut off. */
  readonly GatewayShedsLoad: RateAlert;
  /** Seconds between the clocks of the gateway and of Prometheus. */
  readonly ClockSkewed: LevelAlert;
  readonly McpServerStarted: CountAlert;
  readonly HighToolCallVolume: RateAlert;
  readonly Watchdog: AlertSetting;
  readonly ToolDefinitionsChanged: CountAlert;
  readonly HighAccessDenialRate: RateAlert;
  readonly McpServerDead: WindowAlert;
  readonly McpServerDegraded: AlertSetting;
  /** Changes of its reachability, or of the state of its circuit breaker. */
  readonly McpServerFlapping: CountAlert;
  readonly McpServerCrashLooping: CountAlert;
  /** Restarts of one gateway. */
  readonly GatewayRestarting: CountAlert;
  readonly DiscoverySourceUnhealthy: AlertSetting;
  readonly RemoteServerUnreachable: AlertSetting;
  /** More than `count` failures of one gateway within `window` while it has delivered nothing for `silence`. */
  readonly TelemetryExportFailing: CountAlert & { readonly silence: Duration };
  /** Of exporters that carry audit records. */
  readonly AuditRecordsDropped: CountAlert;
  /** Seconds that the oldest record has waited for a sink. */
  readonly AuditSinkLagging: LevelAlert;
  /** Share of the room for the journal. */
  readonly AuditJournalFilling: LevelAlert;
  /** Records that are not as they were written. */
  readonly AuditChainBroken: LevelAlert;
  /** Seconds beyond the time at which a checkpoint was due. */
  readonly AuditCheckpointOverdue: LevelAlert;
  /** Seconds by which the clock was set. */
  readonly AuditClockStepped: LevelAlert;
  /** Of all other exporters. */
  readonly TelemetryRecordsDropped: CountAlert;
  readonly ListenerErrors: CountAlert;
  readonly ConfigReloadFailed: AlertSetting;
  readonly MetricSeriesLimitReached: CountAlert;
  /** Notifications that have failed for good, of one kind of receiver. */
  readonly AlertNotificationsFailing: TimesAlert;
  /** Alerts, or requests with alerts, that an Alertmanager has not taken. */
  readonly AlertmanagerUnreachable: TimesAlert;
  /** Failed evaluations of one group of rules. */
  readonly RuleEvaluationsFailing: TimesAlert;
  /** Of Prometheus, or of an Alertmanager. */
  readonly MonitoringConfigNotLoaded: AlertSetting;
}

const critical = { severity: "critical", enabled: true } as const;
const warning = { severity: "warning", enabled: true } as const;
const info = { severity: "info", enabled: true } as const;

/** The numbers that the product promises. */
export const defaultAlertSettings: AlertSettings = {
  NotResponding: { ...critical, for: "1m" },
  HighErrorRate: { ...critical, share: 0.1, minimum: 10, window: "5m", for: "2m" },
  // Requests are few, and their failures come seldom enough that five minutes would hold too few of them.
  HighRequestErrorRate: { ...warning, share: 0.1, minimum: 5, window: "10m", for: "5m" },
  BatchHighFailureRate: { ...critical, share: 0.2, minimum: 10, window: "5m", for: "3m" },
  // Servers and tools are called less often than the gateway, and an owner is told in the morning.
  McpServerFailing: { ...warning, share: 0.5, minimum: 5, window: "15m", for: "5m" },
  ToolFailing: { ...warning, share: 0.9, minimum: 5, window: "30m", for: "5m" },
  GatewayFailing: { ...critical, share: 0.5, minimum: 10, window: "5m", for: "3m" },
  CircuitBreakerTripped: { ...critical, count: 10, window: "5m", openWithin: "1m", for: "2m" },
  ProviderUnhealthy: { ...critical, level: 5, for: "2m" },
  HighConsecutiveFailures: { ...warning, level: 2, for: "2m" },
  // Servers are checked once a minute, so a shorter window would hold too few checks to tell one in twenty.
  HealthCheckSlow: { ...warning, quantile: 0.95, limit: 5, minimum: 3, window: "15m", for: "5m" },
  HighLatencyP95: { ...warning, quantile: 0.95, limit: 3, minimum: 5, window: "5m", for: "5m" },
  HighLatencyP99: { ...warning, quantile: 0.99, limit: 5, minimum: 5, window: "5m", for: "5m" },
  HighLatencyByTool: { ...warning, quantile: 0.95, limit: 5, minimum: 5, window: "5m", for: "5m" },
  FrequentColdStarts: { ...warning, perSecond: 0.1, window: "5m", for: "10m" },
  BatchSlowExecution: { ...warning, quantile: 0.95, limit: 30, minimum: 3, window: "5m", for: "5m" },
  BatchHighCancellationRate: { ...warning, share: 0.1, minimum: 5, window: "5m", for: "5m" },
  BatchSizeTooLarge: { ...warning, quantile: 0.95, limit: 50, minimum: 3, window: "5m", for: "5m" },
  GCSlowCycles: { ...warning, quantile: 0.95, limit: 0.5, minimum: 3, window: "15m", for: "5m" },
  HighMemoryUsage: { ...warning, level: 2_000_000_000, for: "10m" },
  HighCPUUsage: { ...warning, share: 0.8, window: "5m", for: "10m" },
  // What is near its limit goes on to it within minutes or stays there for days; either is for somebody who is awake.
  MemoryNearLimit: { ...warning, share: 0.9, for: "5m" },
  HeapNearLimit: { ...warning, share: 0.9, for: "5m" },
  FileDescriptorsNearLimit: { ...warning, share: 0.8, for: "5m" },
  // Idle ones make room for others, so that only those in use count; a rush of some minutes is what the pool is for.
  SessionsNearLimit: { ...warning, share: 0.85, for: "10m" },
  // Calls become half a second slower, and health checks with them.
  EventLoopLagging: { ...warning, level: 0.5, for: "5m" },
  // A client that reads too slowly is cut off once; six a minute for five minutes are more than one client.
  GatewayShedsLoad: { ...warning, perSecond: 0.1, window: "5m", for: "5m" },
  // A scrape may take seconds. Tokens are accepted with a minute of leeway at most.
  ClockSkewed: { ...warning, level: 30, for: "5m" },
  McpServerStarted: { ...info, count: 0, window: "5m", for: "0s" },
  HighToolCallVolume: { ...info, perSecond: 100, window: "5m", for: "0s" },
  Watchdog: { severity: "none", enabled: true, for: "0s" },
  ToolDefinitionsChanged: { ...warning, count: 0, window: "15m", for: "0s" },
  // Six a minute for ten minutes: a program that tries again and again, and no person who took the wrong way.
  HighAccessDenialRate: { ...warning, perSecond: 0.1, window: "5m", for: "10m" },
  McpServerDead: { ...warning, window: "2m", for: "5m" },
  McpServerDegraded: { ...warning, for: "15m" },
  // Three times away and back within half an hour; a breaker takes two or three changes to open and close.
  McpServerFlapping: { ...warning, count: 6, window: "30m", for: "0s" },
  McpServerCrashLooping: { ...warning, count: 4, window: "15m", for: "0s" },
  // A roll-out that is taken back and tried again are three.
  GatewayRestarting: { ...critical, count: 3, window: "30m", for: "0s" },
  DiscoverySourceUnhealthy: { ...warning, for: "10m" },
  RemoteServerUnreachable: { ...warning, for: "5m" },
  TelemetryExportFailing: { ...warning, count: 2, window: "10m", silence: "5m", for: "5m" },
  // What is dropped is gone, and an audit trail with a hole is no proof.
  AuditRecordsDropped: { ...critical, count: 0, window: "15m", for: "0s" },
  // Receivers are restarted and mended within a quarter of an hour; nothing is lost meanwhile.
  AuditSinkLagging: { ...warning, level: 900, for: "5m" },
  AuditJournalFilling: { ...warning, level: 0.9, for: "10m" },
  // Somebody has altered the trail, or the disk has.
  AuditChainBroken: { ...critical, level: 0, for: "0s" },
  AuditCheckpointOverdue: { ...warning, level: 300, for: "5m" },
  AuditClockStepped: { ...warning, level: 5, for: "0s" },
  TelemetryRecordsDropped: { ...warning, count: 0, window: "15m", for: "0s" },
  ListenerErrors: { ...warning, count: 0, window: "15m", for: "0s" },
  ConfigReloadFailed: { ...warning, for: "5m" },
  MetricSeriesLimitReached: { ...warning, count: 0, window: "15m", for: "0s" },
  // Alertmanager tries for as long as `groupInterval` before it fails, and then again: the second failure is no passing one.
  AlertNotificationsFailing: { ...critical, times: 2, window: "15m", for: "0s" },
  // The heartbeat is sent once a minute, and an Alertmanager that is replaced is away for less than five.
  AlertmanagerUnreachable: { ...warning, times: 5, window: "10m", for: "0s" },
  // A restart makes an evaluation or two fail, because series of before and after meet.
  RuleEvaluationsFailing: { ...critical, times: 5, window: "10m", for: "0s" },
  MonitoringConfigNotLoaded: { ...warning, for: "5m" },
};
