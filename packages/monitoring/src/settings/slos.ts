import type { catalog } from "@mcp-hangar/telemetry";
import type { Severity } from "../names.ts";
import type { Duration } from "../promql/duration.ts";
import type { BoundaryOf } from "../promql/select.ts";

/** The objective of one SLO, such as 0.999. */
export interface SloSetting {
  readonly objective: number;
}

/** The objectives by the name of the SLO. */
export interface SloSettings {
  readonly availability: SloSetting;
  /** The share of calls that take at most `limit` seconds. */
  readonly latency: SloSetting & { readonly limit: BoundaryOf<(typeof catalog)["toolCallDuration"]> };
  readonly errors: SloSetting;
  readonly batch_success: SloSetting;
}

/** A burn-rate alert: this share of the budget spent within the long window, and still being spent in the short one. */
export interface BurnWindowSetting {
  readonly long: Duration;
  readonly short: Duration;
  readonly budgetShare: number;
  /** At least so many events within the long window must be bad, where events are counted. 0 asks for no number. */
  readonly minimum: number;
  readonly for: Duration;
  readonly severity: Severity;
}

/** How SLOs are counted, and how fast a spent budget is told. */
export interface BurnSettings {
  readonly period: Duration;
  /** The window of the recorded rates, from which all longer windows are added up. */
  readonly baseWindow: Duration;
  /** How often windows from a day on are evaluated: they change slowly and read much. */
  readonly longEvery: Duration;
  readonly windows: readonly BurnWindowSetting[];
}

/** The objectives that the product promises. */
export const defaultSloSettings: SloSettings = {
  availability: { objective: 0.999 },
  latency: { objective: 0.95, limit: 3 },
  errors: { objective: 0.99 },
  batch_success: { objective: 0.95 },
};

/** The windows of the SRE workbook, https://sre.google/workbook/alerting-on-slos/. */
export const defaultBurnSettings: BurnSettings = {
  period: "30d",
  baseWindow: "5m",
  longEvery: "1m",
  windows: [
    { long: "1h", short: "5m", budgetShare: 0.02, minimum: 10, for: "2m", severity: "critical" },
    { long: "6h", short: "30m", budgetShare: 0.05, minimum: 10, for: "15m", severity: "critical" },
    { long: "1d", short: "2h", budgetShare: 0.1, minimum: 10, for: "1h", severity: "warning" },
    { long: "3d", short: "6h", budgetShare: 0.1, minimum: 10, for: "3h", severity: "warning" },
  ],
};
