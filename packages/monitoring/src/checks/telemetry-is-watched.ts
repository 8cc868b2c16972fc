import { catalog } from "@mcp-hangar/telemetry";
import type { AlertKey } from "../names.ts";
import { nodesOf } from "../promql/node.ts";
import type { AlertSetting } from "../settings/alerts.ts";
import type { Check } from "./check.ts";

/** What tells that telemetry itself is lost, and the alert that has to read it unless it is switched off. */
const WATCHED: Partial<Record<AlertKey, { readonly name: string }>> = {
  NotResponding: { name: "up" },
  TelemetryExportFailing: catalog.telemetryFailures,
  AuditRecordsDropped: catalog.telemetryDropped,
  ListenerErrors: catalog.listenerErrors,
  MetricSeriesLimitReached: catalog.seriesOverflows,
};

/** The pipeline that carries all other alerts has alerts of its own: when it breaks, everything else looks well. */
export const telemetryIsWatched: Check = {
  name: "telemetry-is-watched",
  run({ alerts, options }) {
    const read = new Set(
      alerts.flatMap(({ expr }) =>
        [...nodesOf(expr.node)].flatMap((node) => (node.kind === "selector" ? [node.metric.name] : [])),
      ),
    );
    const settings: Readonly<Record<string, AlertSetting>> = { ...options.alerts };
    return Object.entries(WATCHED)
      .filter(([key, { name }]) => settings[key]?.enabled !== false && !read.has(name))
      .map(([key, { name }]) => ({
        subject: `metric ${name}`,
        problem: "no alert reads it, so that nobody hears when telemetry itself fails",
        mend: `restore the alert ${key}, or switch it off in the options if it is watched elsewhere`,
      }));
  },
};
