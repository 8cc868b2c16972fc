import { catalog } from "@mcp-hangar/telemetry";
import type { Context } from "../context.ts";
import { alertRule, when } from "../define.ts";
import type { Topic } from "../model.ts";
import { by, min } from "../promql/aggregate.ts";
import { label, text } from "../template.ts";

/** Sources from which servers are discovered. */
export function discovery({ options, rules }: Context): Topic {
  const healthy = min(rules.series(catalog.discoverySourceHealthy), by("job", "source"));
  const condition = when(healthy, "==", { threshold: 0, unit: "bool" });
  return {
    name: "discovery",
    recordingRules: [],
    alerts: [
      alertRule({
        alert: "DiscoverySourceUnhealthy",
        setting: options.alerts.DiscoverySourceUnhealthy,
        expr: condition.expr,
        conditions: [condition],
        summary: text`The discovery source ${label("source")} fails`,
        description: text`The cycles of the discovery source ${label("source")} (${label("job")}) fail: new servers are not found, and servers that are gone stay.`,
        dashboard: { uid: "mcp-hangar-overview" },
      }),
    ],
  };
}
