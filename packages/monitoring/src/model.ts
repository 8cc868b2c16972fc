import type { AlertName, DashboardUid, Severity, SloName, Unit } from "./names.ts";
import type { PagerDutyTexts, SlackTexts } from "./notification-texts.ts";
import type { Duration } from "./promql/duration.ts";
import type { Metric, RecordedMetric } from "./promql/metric.ts";
import type { ComparisonOperator, SelectorNode } from "./promql/node.ts";
import type { Expression } from "./promql/vector.ts";
import type { Template } from "./template.ts";

export type * from "./dashboards/model.ts";
export type * from "./runbooks/model.ts";

/** A quantity and the threshold that an alert compares it with: also the line that panels and runbooks draw. */
export interface Condition {
  readonly measure: Expression;
  readonly comparison: ComparisonOperator;
  readonly threshold: number;
  readonly unit: Unit;
  /** It only says when the others count: that enough has happened for a share to mean something. */
  readonly isMinimum?: boolean;
}

/** Where to look first. `panel` is the key of a panel of that dashboard, `variables` are labels of the alert. */
export interface DashboardLink<Label extends string = string> {
  readonly uid: DashboardUid;
  readonly panel?: string;
  readonly variables?: readonly Label[];
}

/** An alert. Make it with `alertRule`, which demands that its texts use no label that the expression has lost. */
export interface AlertRule {
  /** The name, and the variant where several rules share one name: unique in a stack, stable for tests. */
  readonly id: string;
  readonly name: AlertName;
  readonly expr: Expression;
  readonly for: Duration;
  readonly severity: Severity;
  /** Further labels, beside the severity. */
  readonly labels: Readonly<Record<string, string>>;
  readonly summary: Template;
  readonly description: Template;
  readonly dashboard: DashboardLink;
  /** Why nothing in this release can make it fire; `undefined` for all others. Its runbook says so. */
  readonly dormant: string | undefined;
  /** At least one, unless the alert has no threshold (the dead man's switch). */
  readonly conditions: readonly Condition[];
}

/** A recording rule. `metric` is what other rules and panels select. */
export interface RecordingRule {
  readonly record: string;
  readonly expr: Expression;
  readonly labels: Readonly<Record<string, string>>;
  readonly metric: RecordedMetric;
  /** How often it is evaluated; the evaluation interval of the stack unless said. */
  readonly every?: Duration;
}

/** What belongs to one topic, side by side. The order of recording rules is the order of their evaluation. */
export interface Topic {
  readonly name: string;
  readonly recordingRules: readonly RecordingRule[];
  readonly alerts: readonly AlertRule[];
}

/** One pair of windows of a burn-rate alert. */
export interface BurnWindow {
  readonly long: Duration;
  readonly short: Duration;
  /** How many times faster than allowed the budget is spent: budget fraction × period / long window. */
  readonly factor: number;
  /** Bad events within the long window below which nothing is told; 0 for none. */
  readonly minimum: number;
  readonly for: Duration;
  readonly severity: Severity;
}

/** A service level objective with the names of its recorded series. */
export interface Slo {
  readonly name: SloName;
  readonly title: string;
  /** The share of good events or time, such as 0.999. */
  readonly objective: number;
  /** 1 − objective, computed in decimals. */
  readonly budget: number;
  readonly period: Duration;
  readonly windows: readonly BurnWindow[];
}

/** Where notifications go. Secrets are files that Alertmanager reads, never text in the configuration. */
export type Receiver =
  | { readonly name: string; readonly kind: "webhook"; readonly url: string; readonly sendResolved: boolean }
  | {
      readonly name: string;
      readonly kind: "pagerduty";
      readonly routingKeyFile: string;
      readonly url: string;
      /** That of the events. PagerDuty refuses an event with any other, so no label decides it. */
      readonly severity: "critical" | "error" | "warning" | "info";
      readonly texts: PagerDutyTexts;
    }
  | {
      readonly name: string;
      readonly kind: "slack";
      readonly apiUrlFile: string;
      readonly channel: string;
      readonly texts: SlackTexts;
    };

/** Alerts with these labels go to that receiver. The first route that fits is taken. */
export interface Route {
  readonly match: Readonly<Record<string, string>>;
  readonly receiver: string;
  readonly groupBy?: readonly string[];
  readonly groupWait?: Duration;
  readonly groupInterval?: Duration;
  readonly repeatInterval?: Duration;
}

/** While one of the sources fires, the targets with the same values of the labels `equal` are not notified. */
export interface Inhibition {
  readonly sources: readonly AlertName[];
  readonly targets: readonly AlertName[];
  /** Restricts both sides further, such as to a severity. */
  readonly sourceMatch?: Readonly<Record<string, string>>;
  readonly targetMatch?: Readonly<Record<string, string>>;
  readonly equal: readonly string[];
}

/** The whole of Alertmanager's configuration. */
export interface Routing {
  readonly defaultReceiver: string;
  readonly groupBy: readonly string[];
  readonly groupWait: Duration;
  readonly groupInterval: Duration;
  readonly repeatInterval: Duration;
  readonly routes: readonly Route[];
  readonly receivers: readonly Receiver[];
  readonly inhibitions: readonly Inhibition[];
}

/** What an alert has to be shown to do. */
export const SCENARIO_KINDS = [
  "fires",
  "just below stays silent",
  "resolves",
  "no traffic",
  "idle healthy fleet",
  "missing series",
  "counter reset",
] as const;
export type ScenarioKind = (typeof SCENARIO_KINDS)[number];

/** One input series of a scenario, in promtool's notation of values: `0+1x60`, `5 _ stale`. */
export interface ScenarioSeries {
  readonly metric: Metric;
  readonly suffix?: SelectorNode["suffix"];
  readonly labels: Readonly<Record<string, string>>;
  readonly values: string;
}

/** What the alert shall do at some time: the labels of each firing alert, none for silence. */
export interface ScenarioExpectation {
  readonly at: Duration;
  readonly firing: readonly Readonly<Record<string, string>>[];
  /** What each measure of the alert gives, where panels depend on it: a share without traffic has no value, not NaN. */
  readonly measured?: readonly { readonly labels: Readonly<Record<string, string>>; readonly value: number }[];
}

/** A story about one alert that promtool plays. */
export interface Scenario {
  /** The id of the alert. */
  readonly alert: string;
  readonly kind: ScenarioKind;
  readonly title: string;
  /** Time between two values of a series. */
  readonly interval: Duration;
  /** Time between two evaluations of the rules, where it is not that of the stack: stories of days need fewer. */
  readonly every?: Duration;
  readonly series: readonly ScenarioSeries[];
  readonly expect: readonly ScenarioExpectation[];
}

/** Why an alert has no scenario of a kind. */
export interface ScenarioWaiver {
  /** The id of the alert. */
  readonly alert: string;
  readonly kind: ScenarioKind;
  readonly reason: string;
}
