import { percent } from "../slo/decimal.ts";
import type { Stack } from "../stack.ts";
import { documents } from "./document.ts";
import type { MonitoringExport } from "./model.ts";
import { type SloSource, sloSources } from "./slo-sources.ts";

/** What Sloth fills in. */
const WINDOW = "{{.window}}";

const lost: MonitoringExport["lost"] = [
  "Windows, factors and waiting times of burn-rate alerts: Sloth has its own, by the period of the SLOs.",
  "The minimum of bad events below which nothing is told, so that one failed call at night can page.",
  "Labels by which notifications are inhibited; summaries name no numbers.",
];

/** A PrometheusServiceLevel of Sloth, which its operator and its command line read: https://github.com/slok/sloth */
export const sloth: MonitoringExport = {
  about: "objectives as a PrometheusServiceLevel, of which Sloth makes rules and alerts",
  lost,
  files(stack) {
    const { namespace, labels } = stack.options.kubernetes;
    const content = {
      apiVersion: "sloth.slok.dev/v1",
      kind: "PrometheusServiceLevel",
      metadata: { name: "mcp-hangar", namespace, labels: { "app.kubernetes.io/part-of": "mcp-hangar", ...labels } },
      spec: { service: "mcp-hangar", slos: sloSources(stack).map((source) => sloOf(source, stack)) },
    };
    return { "exports/sloth.yaml": documents(lost, [content]) };
  },
};

function sloOf(source: SloSource, { options }: Stack): object {
  const { slo, alert } = source;
  return {
    name: slo.name,
    objective: percent(slo.objective),
    description: slo.title,
    sli:
      source.kind === "events"
        ? { events: { errorQuery: source.bad(WINDOW), totalQuery: source.valid(WINDOW) } }
        : { raw: { errorRatioQuery: source.badShare(WINDOW) } },
    alerting: {
      name: alert,
      annotations: {
        summary: `SLO ${slo.name} spends its error budget too fast`,
        runbook_url: `${options.runbookBaseUrl}/${alert}.md`,
        dashboard_url: `${options.grafanaBaseUrl}/d/mcp-hangar-slo`,
      },
      pageAlert: { labels: { severity: "critical" } },
      ticketAlert: { labels: { severity: "warning" } },
    },
  };
}
