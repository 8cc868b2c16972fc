import type {
  DashboardLink,
  DataTransformerConfig,
  DynamicConfigValue,
  MatcherConfig,
} from "@grafana/grafana-foundation-sdk/dashboard";
import {
  MappingType,
  type Threshold as SdkThreshold,
  SpecialValueMatch,
  ThresholdsMode,
  type ValueMapping,
} from "@grafana/grafana-foundation-sdk/dashboard";
import type { Column, Panel, Threshold } from "../../dashboards/model.ts";
import { labelsOf } from "../../promql/analyse.ts";
import { refIdOf } from "./targets.ts";
import { thresholdSteps, valueMappings } from "./tones.ts";

/** What a cell without a value says, where the whole table says something else when it is empty. */
const NO_VALUE = { id: "noValue", value: "–" };

/** That of the table. */
const NO_COLOUR = "transparent";

/** What is not there is neither good nor bad. */
const NOTHING: ValueMapping = {
  type: MappingType.SpecialValue,
  options: { match: SpecialValueMatch.NullAndNan, result: { text: "–", color: NO_COLOUR } },
};

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
  exporter: "Exporter",
  signal: "Signal",
};

/** Pixels of columns whose names are long; the others share the rest. The longest name of an alert fits. */
const LABEL_WIDTHS: Readonly<Record<string, number>> = { alertname: 330 };

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
export function tableOverrides(panel: Panel, links: readonly DashboardLink[]): readonly Override[] {
  return [
    ...labelNames(panel).map((label) =>
      override(label, [
        property("displayName", LABEL_TITLES[label] ?? label),
        NO_VALUE,
        ...widthOf(label),
        ...linked(label, panel, links),
      ]),
    ),
    ...panel.queries.flatMap(({ column }, index) =>
      column === undefined ? [] : [override(valueName(panel, index), columnProperties(column))],
    ),
  ];
}

function widthOf(label: string): DynamicConfigValue[] {
  const width = LABEL_WIDTHS[label];
  return width === undefined ? [] : [property("custom.width", width)];
}

/** Only what names the thing leads to it; numbers that are links are hard to read. */
function linked(label: string, { drillDown, runbook }: Panel, links: readonly DashboardLink[]): DynamicConfigValue[] {
  const names = drillDown === undefined ? [runbook?.alertLabel] : Object.values(drillDown.variables);
  return names.at(-1) === label && links.length > 0 ? [property("links", links)] : [];
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
  // What is neither good nor bad has no colour: a column of blue would be the loudest.
  const isColoured = thresholds.length > 0 || meanings.some(({ tone }) => tone !== "neutral");
  return [
    property("displayName", title),
    property("unit", unit),
    NO_VALUE,
    property("thresholds", { mode: ThresholdsMode.Absolute, steps: stepsOf(thresholds) }),
    ...(isColoured
      ? [
          property("mappings", [...valueMappings(meanings, NO_COLOUR), NOTHING]),
          property("custom.cellOptions", { type: "color-background", mode: "basic" }),
        ]
      : meanings.length === 0
        ? []
        : [property("mappings", valueMappings(meanings, NO_COLOUR))]),
  ];
}

/** Of what has no limits, only what has a meaning is coloured. */
function stepsOf(thresholds: readonly Threshold[]): SdkThreshold[] {
  return thresholds.length === 0 ? [{ value: null, color: NO_COLOUR }] : thresholdSteps("good", thresholds);
}

/** Marks the fields with this name. */
export function override(name: string, properties: DynamicConfigValue[]): Override {
  return { matcher: { id: "byName", options: name }, properties };
}

/** One property of a field. */
export function property(id: string, value: unknown): DynamicConfigValue {
  return { id, value };
}
