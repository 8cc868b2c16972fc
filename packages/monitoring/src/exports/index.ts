import { grafanaAlerts } from "./grafana-alerts.ts";
import type { MonitoringExport } from "./model.ts";
import { openslo } from "./openslo.ts";
import { pyrra } from "./pyrra.ts";
import { sloth } from "./sloth.ts";

export type { MonitoringExport } from "./model.ts";

/** Documents for those who run other systems. */
export const EXPORT_NAMES = ["openslo", "sloth", "pyrra", "grafana-alerts"] as const;
export type ExportName = (typeof EXPORT_NAMES)[number];

/**
 * Every export by its name. There is none for Perses: its dashboards have no links of values, no annotations, no colours by
 * name and no tables of several queries, which is what ours are made of. Its `percli migrate` converts them as far as it goes.
 */
export const EXPORTS: Readonly<Record<ExportName, MonitoringExport>> = {
  openslo,
  sloth,
  pyrra,
  "grafana-alerts": grafanaAlerts,
};
