import { documents } from "./document.ts";
import type { MonitoringExport } from "./model.ts";
import { type SloSource, sloSources } from "./slo-sources.ts";

const SERVICE = "mcp-hangar";
const SOURCE = "prometheus";

const lost: MonitoringExport["lost"] = [
  "Burn-rate alerts: a condition of OpenSLO has one window, and each of ours needs a long and a short one.",
  "The minimum of bad events below which nothing is told.",
  "A gateway that has vanished from service discovery counts as bad time; here it counts no more.",
];

/** OpenSLO v1: https://github.com/OpenSLO/OpenSLO */
export const openslo: MonitoringExport = {
  about: "objectives as OpenSLO v1 documents: a service, a data source and an SLO each",
  lost,
  files(stack) {
    const contents = [
      { ...head("Service", SERVICE, "MCP Hangar"), spec: { description: "An MCP gateway" } },
      {
        ...head("DataSource", SOURCE, "Prometheus"),
        spec: { type: "Prometheus", connectionDetails: { url: "http://prometheus:9090" } },
      },
      ...sloSources(stack).map(documentOf),
    ];
    return { "exports/openslo.yaml": documents(lost, contents) };
  },
};

function documentOf(source: SloSource): object {
  const { slo } = source;
  const name = slo.name.replaceAll("_", "-");
  return {
    ...head("SLO", name, slo.title),
    spec: {
      description: slo.title,
      service: SERVICE,
      indicator: {
        metadata: { name: `${name}-indicator` },
        spec: { ratioMetric: { counter: false, ...metricOf(source) } },
      },
      timeWindow: [{ duration: slo.period, isRolling: true }],
      budgetingMethod: "Occurrences",
      objectives: [{ displayName: slo.title, target: slo.objective }],
    },
  };
}

function metricOf(source: SloSource): object {
  if (source.kind === "time") return { good: asked(source.good), total: asked(source.all) };
  return { bad: asked(source.bad("5m")), total: asked(source.valid("5m")) };
}

function asked(query: string): object {
  return { metricSource: { metricSourceRef: SOURCE, type: "Prometheus", spec: { query } } };
}

function head(kind: string, name: string, displayName: string): object {
  return { apiVersion: "openslo/v1", kind, metadata: { name, displayName } };
}
