import type { AlertRule, Condition } from "../model.ts";
import {
  ALERT_PREFIX,
  type AlertKey,
  isOwnAlert,
  type OwnAlertName,
  type Severity,
  settingKeyOf,
  type Unit,
} from "../names.ts";
import type { AlertSettings } from "../settings/alerts.ts";
import type { MonitoringOptions } from "../settings/options.ts";
import type { Threshold, Tone } from "./model.ts";

/** Alerts that a panel shows, and where their thresholds are on its axis. */
export interface Drawn {
  readonly alerts: readonly AlertRule[];
  readonly thresholds: readonly Threshold[];
}

/** How grave an alert is, as a colour. */
export const TONE_OF_SEVERITY: Readonly<Record<Severity, Tone>> = {
  critical: "bad",
  warning: "attention",
  info: "neutral",
  none: "neutral",
};

/**
 * Draws alerts on a panel whose axis has this unit. A threshold is the one that the rule compares with; of an alert on a
 * quantile, which compares a share, it is the limit of the quantile. An alert that is not generated draws nothing.
 */
export function drawnAlerts(
  { options, alerts }: { readonly options: MonitoringOptions; readonly alerts: readonly AlertRule[] },
  unit: Unit,
  keys: readonly (AlertKey | OwnAlertName)[],
): Drawn {
  const names = new Set<string>(keys.map((key) => (isOwnAlert(key) ? key : ALERT_PREFIX + key)));
  const drawn = alerts.filter(({ name }) => names.has(name));
  const thresholds = drawn.flatMap((alert) => {
    const tone = TONE_OF_SEVERITY[alert.severity];
    return linesOf(alert, unit, options.alerts).map((value) => ({ value, tone }));
  });
  // Variants of an alert have one line.
  const lines = new Map(thresholds.map((each) => [`${each.value} ${each.tone}`, each]));
  return { alerts: drawn, thresholds: [...lines.values()] };
}

/** Where the lines of an alert are on an axis with this unit. */
export function linesOf(alert: AlertRule, unit: Unit, settings: AlertSettings): readonly number[] {
  const limit = limitOf(alert, settings);
  const values = limit?.unit === unit ? [limit.value] : alert.conditions.flatMap((each) => lineOf(each, unit));
  return [...new Set(values)];
}

/** The value of a quantile that an alert does not allow to be exceeded. */
export function limitOf(
  { name }: AlertRule,
  settings: AlertSettings,
): { readonly value: number; readonly unit: Unit } | undefined {
  const key = settingKeyOf(name);
  const setting = new Map<string | undefined, object>(Object.entries(settings)).get(key);
  if (setting === undefined || !("limit" in setting) || typeof setting.limit !== "number") return undefined;
  // All other histograms that alerts look at are of durations.
  return { value: setting.limit, unit: key === "BatchSizeTooLarge" ? "short" : "s" };
}

/** Only what is too high has a line; that a flag is down is told by its colour. */
function lineOf({ unit, comparison, threshold, isMinimum }: Condition, axis: Unit): readonly number[] {
  return unit === axis && isMinimum !== true && (comparison === ">" || comparison === ">=") ? [threshold] : [];
}
