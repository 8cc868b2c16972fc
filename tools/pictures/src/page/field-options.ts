import {
  applyFieldOverrides,
  cacheFieldDisplayNames,
  type DataFrame,
  type Field,
  FieldColorModeId,
  FieldConfigOptionsRegistry,
  type FieldConfigPropertyItem,
  type FieldConfigSource,
  type GrafanaTheme2,
  getFieldColorModeForField,
} from "@grafana/data";
import type { Panel } from "../dashboard.ts";

const STANDARD = [
  "displayName",
  "unit",
  "decimals",
  "min",
  "max",
  "noValue",
  "color",
  "thresholds",
  "mappings",
  "links",
];

const CUSTOM = [
  "align",
  "axisSoftMin",
  "axisSoftMax",
  "axisPlacement",
  "axisLabel",
  "axisCenteredZero",
  "axisColorMode",
  "axisBorderShow",
  "scaleDistribution",
  "drawStyle",
  "lineInterpolation",
  "lineWidth",
  "lineStyle",
  "fillOpacity",
  "gradientMode",
  "showPoints",
  "pointSize",
  "spanNulls",
  "stacking",
  "barAlignment",
  "thresholdsStyle",
  "hideFrom",
  "inspect",
  "cellOptions",
  "width",
  "filterable",
  "minWidth",
];

/** Gives frames the field options of a panel, with its overrides. */
export function withFieldOptions(frames: DataFrame[], panel: Panel, theme: GrafanaTheme2): DataFrame[] {
  const { defaults, overrides } = panel.fieldConfig;
  const base = panel.type === "timeseries" ? TIME_SERIES : {};
  const custom = { ...base, ...(defaults.custom as object | undefined) };
  const given = applyFieldOverrides({
    data: frames,
    // The file holds what Grafana itself wrote the types for.
    fieldConfig: { defaults: { ...defaults, custom }, overrides } as unknown as FieldConfigSource,
    fieldConfigRegistry: registry(),
    replaceVariables: (text) => text,
    theme,
    timeZone: "utc",
  });
  cacheFieldDisplayNames(given);
  for (const field of given.flatMap(({ fields }) => fields)) fixColour(field, theme);
  return given;
}

/**
 * Writes down the colour that a name or a place among the series gives. Fields lose both while a chart joins them, and
 * their lines would have other colours than the legend says.
 */
function fixColour(field: Field, theme: GrafanaTheme2): void {
  const mode = getFieldColorModeForField(field);
  if (!mode.id.startsWith("palette-") && mode.id !== FieldColorModeId.Shades) return;
  field.config.color = { mode: FieldColorModeId.Fixed, fixedColor: mode.getCalculator(field, theme)(0, 0) };
}

/** What Grafana's time series panel falls back to where the file is silent. */
const TIME_SERIES = {
  drawStyle: "line",
  lineInterpolation: "linear",
  gradientMode: "none",
  spanNulls: false,
  pointSize: 5,
  axisPlacement: "auto",
  axisColorMode: "text",
  axisBorderShow: false,
  scaleDistribution: { type: "linear" },
  hideFrom: { tooltip: false, viz: false, legend: false },
};

function registry(): FieldConfigOptionsRegistry {
  return new FieldConfigOptionsRegistry(() => [
    ...STANDARD.map((path) => item(path, path, false)),
    ...CUSTOM.map((path) => item(`custom.${path}`, path, true)),
  ]);
}

function item(id: string, path: string, isCustom: boolean): FieldConfigPropertyItem {
  return {
    id,
    path,
    name: id,
    isCustom,
    editor: () => null,
    override: () => null,
    process: (value: unknown) => value,
    shouldApply: () => true,
    settings: {},
  };
}
