import { FieldColorModeId } from "@grafana/grafana-foundation-sdk/dashboard";
import type { Panel } from "../../dashboards/model.ts";
import { nodesOf } from "../../promql/node.ts";
import { type Override, override, property } from "./table.ts";

/** The same outcome has the same colour on every panel. Names that are not here take the colours of a palette. */
const COLOUR_OF: Readonly<Record<string, string>> = {
  success: "green",
  healthy: "green",
  error: "red",
  failure: "red",
  unhealthy: "red",
  crashed: "red",
  timeout: "orange",
  partial: "orange",
  rejected: "yellow",
  validation_error: "yellow",
  cancelled: "purple",
  skipped: "blue",
  idle: "blue",
};

/** Series that are zero all the time are drawn, but do not fill the legend with names of what never happened. */
export function quietSeries({ queries }: Panel): readonly Override[] {
  if (!queries.some(({ legend }) => legend.includes("{{"))) return [];
  return [
    {
      matcher: { id: "byValue", options: { reducer: "allIsZero", op: "gte", value: 0 } },
      properties: [property("custom.hideFrom", { legend: true, tooltip: true, viz: false })],
    },
  ];
}

/** Fixed colours for the known values of the label that a panel tells its series by. */
export function seriesColours({ queries }: Panel): readonly Override[] {
  const names = queries.flatMap(({ legend, expr }) => {
    const [, label] = /^\{\{(\w+)\}\}$/.exec(legend) ?? [];
    if (label === undefined) return [];
    return [...nodesOf(expr.node)].flatMap((node) => {
      if (node.kind !== "selector" || !Object.hasOwn(node.metric.labels, label)) return [];
      const spec = node.metric.labels[label];
      return spec?.kind === "closed" ? spec.values : [];
    });
  });
  return [...new Set(names)].flatMap((name) => {
    const fixedColor = COLOUR_OF[name];
    if (fixedColor === undefined) return [];
    return [override(name, [property("color", { mode: FieldColorModeId.Fixed, fixedColor })])];
  });
}
