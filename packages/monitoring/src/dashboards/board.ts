import type { Context } from "../context.ts";
import type { AlertRule } from "../model.ts";
import type { AlertKey, OwnAlertName, OwnDashboardUid, Unit } from "../names.ts";
import { prometheusMetrics } from "../promql/external.ts";
import { type Scope, scope, variable } from "../promql/select.ts";
import type { MonitoringOptions } from "../settings/options.ts";
import { type Drawn, drawnAlerts } from "./alert-lines.ts";
import type { DashboardVariable } from "./model.ts";

/** What dashboards are built from. */
export interface Board {
  readonly options: MonitoringOptions;
  readonly context: Context;
  readonly alerts: readonly AlertRule[];
  /** Selects what the reader chose: series that gateways expose. */
  readonly chosen: Scope;
  /** Selects by job only: series that Prometheus makes, which have no instance. */
  readonly ofJob: Scope;
  /** Alerts with thresholds in this unit; own ones by their names. */
  readonly draw: (unit: Unit, ...keys: readonly (AlertKey | OwnAlertName)[]) => Drawn;
  /** Dashboards of the installation, for links. */
  readonly own: readonly { readonly uid: OwnDashboardUid; readonly title: string; readonly description: string }[];
}

/** The board for a stack of alerts. */
export function boardOf(context: Context, alerts: readonly AlertRule[], own: Board["own"] = []): Board {
  const { options } = context;
  return {
    options,
    context,
    alerts,
    own,
    chosen: scope({ job: variable("job"), instance: variable("instance") }),
    ofJob: scope({ job: variable("job") }),
    draw: (unit, ...keys) => drawnAlerts({ options, alerts }, unit, keys),
  };
}

/**
 * Which installation is shown. Targets are offered by what Prometheus knows about them, so that a gateway that is down can
 * be chosen too; the label is the one that the generated scrape configurations set.
 */
export const jobVariable: DashboardVariable = {
  name: "job",
  title: "Job",
  label: "job",
  from: scope({}).series(prometheusMetrics.up, { service: "mcp-hangar" }),
};

/** Which of its gateways. */
export const instanceVariable: DashboardVariable = {
  name: "instance",
  title: "Instance",
  label: "instance",
  from: scope({ job: variable("job") }).series(prometheusMetrics.up),
};
