import { catalog, EXPORT_SIGNALS } from "@mcp-hangar/telemetry";
import type { AlertKey } from "../names.ts";
import { matches } from "../promql/evaluate.ts";
import { nodesOf, type SelectorNode } from "../promql/node.ts";
import type { AlertSetting } from "../settings/alerts.ts";
import type { Check } from "./check.ts";

/** Series that tell of lost telemetry: those of a metric, or of it with these signals only. */
interface Watched {
  readonly metric: { readonly name: string };
  readonly signals?: readonly string[];
}

/** What tells that telemetry itself is lost, and the alert that has to read it unless it is switched off. */
const WATCHED: Partial<Record<AlertKey, Watched>> = {
  NotResponding: { metric: { name: "up" } },
  TelemetryExportFailing: { metric: catalog.telemetryFailures, signals: EXPORT_SIGNALS },
  AuditRecordsDropped: { metric: catalog.telemetryDropped, signals: ["audit"] },
  TelemetryRecordsDropped: {
    metric: catalog.telemetryDropped,
    signals: EXPORT_SIGNALS.filter((signal) => signal !== "audit"),
  },
  ListenerErrors: { metric: catalog.listenerErrors },
  MetricSeriesLimitReached: { metric: catalog.seriesOverflows },
};

/** The pipeline that carries all other alerts has alerts of its own: when it breaks, everything else looks well. */
export const telemetryIsWatched: Check = {
  name: "telemetry-is-watched",
  run({ alerts, options }) {
    const selectors = alerts.flatMap(({ expr }) => [...nodesOf(expr.node)].filter((node) => node.kind === "selector"));
    const settings: Readonly<Record<string, AlertSetting>> = { ...options.alerts };
    return Object.entries(WATCHED)
      .filter(([key]) => settings[key]?.enabled !== false)
      .flatMap(([key, watched]) =>
        unread(watched, selectors).map((subject) => ({
          subject,
          problem: "no alert reads it, so that nobody hears when telemetry itself fails",
          mend: `restore the alert ${key}, or switch it off in the options if it is watched elsewhere`,
        })),
      );
  },
};

function unread({ metric, signals }: Watched, selectors: readonly SelectorNode[]): readonly string[] {
  const readers = selectors.filter((selector) => selector.metric.name === metric.name);
  if (signals === undefined) return readers.length === 0 ? [`metric ${metric.name}`] : [];
  return signals
    .filter((signal) => !readers.some((reader) => admits(reader, signal)))
    .map((signal) => `metric ${metric.name} of the signal ${signal}`);
}

function admits({ matchers }: SelectorNode, signal: string): boolean {
  return matchers.every((matcher) => matcher.label !== "signal" || matches(signal, matcher));
}
