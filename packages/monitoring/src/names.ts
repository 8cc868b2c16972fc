import type { AlertSettings } from "./settings/alerts.ts";
import type { SloSettings } from "./settings/slos.ts";

/** What all alert names begin with. */
export const ALERT_PREFIX = "MCPHangar";

/** `critical` wakes somebody, `warning` is looked at in working hours, `info` is for the record, `none` is the heartbeat. */
export const SEVERITIES = ["critical", "warning", "info", "none"] as const;
export type Severity = (typeof SEVERITIES)[number];

export type SloName = keyof SloSettings;

/** The key of an alert in the settings; its name without the prefix. */
export type AlertKey = keyof AlertSettings | `${BurnAlertPrefix<SloName>}BudgetBurn`;
type BurnAlertPrefix<Name extends string> = Name extends `${infer First}_${infer Rest}`
  ? `${Capitalize<First>}${Capitalize<Rest>}`
  : Capitalize<Name>;

/** The public name of an alert. */
export type AlertName = `${typeof ALERT_PREFIX}${AlertKey}`;

/** The dashboards; the uid is part of the address that alerts link to. */
export const DASHBOARD_UIDS = [
  "mcp-hangar-overview",
  "mcp-hangar-mcp-server-details",
  "mcp-hangar-alerts",
  "mcp-hangar-slo",
  "mcp-hangar-telemetry",
] as const;
export type DashboardUid = (typeof DASHBOARD_UIDS)[number];

/** Units as Grafana names them. */
export type Unit =
  | "short"
  | "none"
  | "percentunit"
  | "s"
  | "bytes"
  | "binBps"
  | "reqps"
  | "ops"
  | "cps"
  | "dateTimeAsIso"
  | "dateTimeFromNow"
  | "bool"
  | "bool_yes_no"
  | "dtdurations";
