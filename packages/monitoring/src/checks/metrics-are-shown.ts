import { catalog, type MetricKey } from "@mcp-hangar/telemetry";
import { nodesOf } from "../promql/node.ts";
import type { Check } from "./check.ts";

/** Metrics that no panel shows, each with the reason. */
const WAIVED: Readonly<Partial<Record<MetricKey, string>>> = {};

/** Every metric of the catalog is on a panel, or it is said why not: what nobody can see is measured for nothing. */
export const metricsAreShown: Check = {
  name: "metrics-are-shown",
  run({ dashboards }) {
    const shown = new Set(
      dashboards
        .flatMap(({ panels }) =>
          panels.flatMap(({ queries }) => queries.flatMap(({ expr }) => [...nodesOf(expr.node)])),
        )
        .flatMap((node) => (node.kind === "selector" ? [node.metric.name] : [])),
    );
    const waived: Readonly<Record<string, string>> = WAIVED;
    return Object.entries(catalog).flatMap(([key, { name }]) => {
      if (shown.has(name) === !Object.hasOwn(waived, key)) return [];
      const problem = shown.has(name) ? "it is shown, and waived as not shown" : "no panel shows it";
      return [{ subject: `metric ${name}`, problem, mend: "add it to a dashboard, or waive it with the reason" }];
    });
  },
};
