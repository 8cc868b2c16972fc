import type {
  DataTransformerConfig,
  DynamicConfigValue,
  MatcherConfig,
} from "@grafana/grafana-foundation-sdk/dashboard";
import { ThresholdsMode } from "@grafana/grafana-foundation-sdk/dashboard";
import type { Column, Panel } from "../../dashboards/model.ts";
import { labelsOf } from "../../promql/analyse.ts";
import { refIdOf } from "./targets.ts";
import { thresholdSteps, valueMappings } from "./tones.ts";

/** What some columns have that the others do not. */
export interface Override {
  matcher: MatcherConfig;
  properties: DynamicConfigValue[];
}

const LABEL_TITLES: Readonly<Record<string, string>> = {
  mcp_server: "Server",
  tool: "Tool",
  mode: "Mode",
  group: "Group",
  instance: "Gateway",
  version: "Version",
  node: "Node.js",
  alertname: "Alert",
  severity: "Severity",
  slo: "SLO",
};

/** One row for all queries that agree in their labels; labels first, then the values in the order of the queries. */
export function tableTransformations(panel: Panel): readonly DataTransformerConfig[] {
  const shown = [
    ...labelNames(panel),
    ...panel.queries.flatMap((query, index) => (query.column ? [valueName(panel, index)] : [])),
  ];
  const hidden = ["Time", ...panel.queries.flatMap((query, index) => (query.column ? [] : [valueName(panel, index)]))];
  return [
    ...(panel.queries.length > 1 ? [{ id: "merge", options: {} }] : []),
    {
      id: "organize",
      options: {
        excludeByName: Object.fromEntries(hidden.map((name) => [name, true])),
        indexByName: Object.fromEntries(shown.map((name, index) => [name, index])),
        renameByName: {},
      },
    },
  ];
}

/** Names, units and colours of the columns. Fields keep their names, because links refer to those. */
export function tableOverrides(panel: Panel): readonly Override[] {
  return [
    ...labelNames(panel).map((label) => override(label, [property("displayName", LABEL_TITLES[label] ?? label)])),
    ...panel.queries.flatMap(({ column }, index) =>
      column === undefined ? [] : [override(valueName(panel, index), columnProperties(column))],
    ),
  ];
}

/** The field by which a table is sorted, as it is displayed. */
export function tableSort({ worstFirst }: Panel): { displayName: string; desc: boolean }[] {
  return worstFirst === undefined ? [] : [{ displayName: worstFirst, desc: true }];
}

/** The labels of all queries, each once, as the queries name them. */
function labelNames({ queries }: Panel): readonly string[] {
  return [...new Set(queries.flatMap(({ expr }) => [...labelsOf(expr.node)]))];
}

/** How Grafana calls the value of a query. */
function valueName({ queries }: Panel, index: number): string {
  return queries.length === 1 ? "Value" : `Value #${refIdOf(index)}`;
}

function columnProperties({ title, unit, thresholds = [], meanings = [] }: Column): DynamicConfigValue[] {
  const isColoured = thresholds.length + meanings.length > 0;
  return [
    property("displayName", title),
    property("unit", unit),
    ...(thresholds.length === 0
      ? []
      : [property("thresholds", { mode: ThresholdsMode.Absolute, steps: thresholdSteps("good", thresholds) })]),
    ...(meanings.length === 0 ? [] : [property("mappings", valueMappings(meanings))]),
    ...(isColoured ? [property("custom.cellOptions", { type: "color-background", mode: "basic" })] : []),
  ];
}

/** Marks the fields with this name. */
export function override(name: string, properties: DynamicConfigValue[]): Override {
  return { matcher: { id: "byName", options: name }, properties };
}

/** One property of a field. */
export function property(id: string, value: unknown): DynamicConfigValue {
  return { id, value };
}
