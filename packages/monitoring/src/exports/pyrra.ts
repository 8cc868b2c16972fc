import { percent } from "../slo/decimal.ts";
import type { Stack } from "../stack.ts";
import { documents } from "./document.ts";
import type { MonitoringExport } from "./model.ts";
import { type SloSource, sloSources } from "./slo-sources.ts";

const lost: MonitoringExport["lost"] = [
  "Windows, factors and waiting times of burn-rate alerts: Pyrra has its own, by the period of the SLOs.",
  "The minimum of bad events below which nothing is told, so that one failed call at night can page.",
  "A gateway that has vanished from service discovery counts as bad time; here an alert on absence tells of it.",
  "Texts of alerts, links to runbooks and dashboards.",
];

/** ServiceLevelObjectives of Pyrra: https://github.com/pyrra-dev/pyrra */
export const pyrra: MonitoringExport = {
  about: "objectives as ServiceLevelObjectives, of which Pyrra makes rules, alerts and pages",
  lost,
  files(stack) {
    return {
      "exports/pyrra.yaml": documents(
        lost,
        sloSources(stack).map((source) => objectiveOf(source, stack)),
      ),
    };
  },
};

function objectiveOf(source: SloSource, { options }: Stack): object {
  const { slo, alert } = source;
  const { namespace, labels } = options.kubernetes;
  return {
    apiVersion: "pyrra.dev/v1alpha1",
    kind: "ServiceLevelObjective",
    metadata: {
      name: `mcp-hangar-${slo.name.replaceAll("_", "-")}`,
      namespace,
      labels: { "app.kubernetes.io/part-of": "mcp-hangar", ...labels },
    },
    spec: {
      description: slo.title,
      target: String(percent(slo.objective)),
      window: slo.period,
      indicator: indicatorOf(source),
      alerting: { name: alert },
    },
  };
}

function indicatorOf(source: SloSource): object {
  if (source.kind === "time") return { bool_gauge: { metric: source.gauge } };
  const { bad, valid, inTime } = source.counters;
  if (inTime !== undefined) return { latency: { success: { metric: inTime }, total: { metric: valid } } };
  return { ratio: { errors: { metric: bad }, total: { metric: valid } } };
}
