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

/** What the names of an installation's own alerts begin with, so that none is one that a later version brings. */
export const OWN_PREFIX = "Own";
export type OwnAlertName = `${typeof OWN_PREFIX}${string}`;

/** The public name of an alert, or that of an installation's own. */
export type AlertName = `${typeof ALERT_PREFIX}${AlertKey}` | OwnAlertName;

/** Whether this names an alert of the installation; no key of the product begins so. */
export function isOwnAlert(alert: AlertKey | OwnAlertName): alert is OwnAlertName {
  return alert.startsWith(OWN_PREFIX);
}

/** The key of an alert of the product in the settings; `undefined` for an own one, which has its settings itself. */
export function settingKeyOf(name: AlertName): string | undefined {
  return name.startsWith(ALERT_PREFIX) ? name.slice(ALERT_PREFIX.length) : undefined;
}

/** The dashboards; the uid is part of the address that alerts link to. */
export const DASHBOARD_UIDS = [
  "mcp-hangar-overview",
  "mcp-hangar-mcp-server-details",
  "mcp-hangar-alerts",
  "mcp-hangar-slo",
  "mcp-hangar-telemetry",
] as const;
export type BuiltInDashboardUid = (typeof DASHBOARD_UIDS)[number];

/** What the uids of an installation's own dashboards begin with. */
export const OWN_DASHBOARD_PREFIX = "mcp-hangar-own-";
export type OwnDashboardUid = `${typeof OWN_DASHBOARD_PREFIX}${string}`;
export type DashboardUid = BuiltInDashboardUid | OwnDashboardUid;

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
