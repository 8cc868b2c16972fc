import {
  BigValueColorMode,
  BigValueGraphMode,
  BigValueTextMode,
  GraphThresholdsStyleConfigBuilder,
  GraphThresholdsStyleMode,
  LegendDisplayMode,
  LegendPlacement,
  LogsSortOrder,
  ReduceDataOptionsBuilder,
  SortOrder,
  StackingConfigBuilder,
  StackingMode,
  TableSortByFieldStateBuilder,
  TooltipDisplayMode,
  VisibilityMode,
  VizLegendOptionsBuilder,
  VizTooltipOptionsBuilder,
} from "@grafana/grafana-foundation-sdk/common";
import { type DashboardLink, FieldColorBuilder, FieldColorModeId } from "@grafana/grafana-foundation-sdk/dashboard";
import * as heatmap from "@grafana/grafana-foundation-sdk/heatmap";
import * as logs from "@grafana/grafana-foundation-sdk/logs";
import * as stat from "@grafana/grafana-foundation-sdk/stat";
import * as stateTimeline from "@grafana/grafana-foundation-sdk/statetimeline";
import * as table from "@grafana/grafana-foundation-sdk/table";
import * as timeseries from "@grafana/grafana-foundation-sdk/timeseries";
import type { Panel, Tone } from "../../dashboards/model.ts";
import { axisTop } from "./axis.ts";
import { colourScheme, quietSeries, seriesColours } from "./series-colours.ts";
import { override, property, tableOverrides, tableSort, tableTransformations } from "./table.ts";
import { absoluteThresholds } from "./tones.ts";

/** The part of a panel that depends on how it shows its queries; what all panels have is added by `common.ts`. */
export function visualisationOf(panel: Panel, links: readonly DashboardLink[]) {
  switch (panel.visualisation) {
    case "timeseries":
      return chart(panel);
    case "stat":
      return number(panel);
    case "table":
      return rows(panel, links);
    case "state-timeline":
      return states(panel);
    case "heatmap":
      return densities(panel);
    case "logs":
      return logLines();
  }
}

function chart(panel: Panel): timeseries.PanelBuilder {
  const style = panel.thresholds.length > 0 ? GraphThresholdsStyleMode.Dashed : GraphThresholdsStyleMode.Off;
  const builder = new timeseries.PanelBuilder()
    .colorScheme(colourScheme(panel))
    .overrides([...seriesColours(panel), ...quietSeries(panel)])
    // The line of a series that is zero would lie on top of the areas below it, in its own colour.
    .lineWidth(panel.stacked ? 0 : 2)
    .fillOpacity(panel.stacked ? 70 : 8)
    .showPoints(VisibilityMode.Never)
    .stacking(new StackingConfigBuilder().mode(panel.stacked ? StackingMode.Normal : StackingMode.None))
    .thresholdsStyle(new GraphThresholdsStyleConfigBuilder().mode(style))
    .legend(
      new VizLegendOptionsBuilder()
        .showLegend(true)
        .displayMode(LegendDisplayMode.List)
        .placement(LegendPlacement.Bottom),
    )
    .tooltip(new VizTooltipOptionsBuilder().mode(TooltipDisplayMode.Multi).sort(SortOrder.Descending))
    .axisSoftMin(0);
  const top = axisTop(panel);
  return top === undefined ? builder : builder.axisSoftMax(top);
}

function number(panel: Panel): stat.PanelBuilder {
  const isJudged = panel.thresholds.length + panel.meanings.length > 0;
  const isNamed = panel.queries.length > 1 || panel.queries.some(({ legend }) => legend.includes("{{"));
  return new stat.PanelBuilder()
    .colorScheme(new FieldColorBuilder().mode(FieldColorModeId.Thresholds))
    .reduceOptions(new ReduceDataOptionsBuilder().calcs(["lastNotNull"]).fields("").values(false))
    .colorMode(isJudged ? BigValueColorMode.Background : BigValueColorMode.Value)
    .graphMode(BigValueGraphMode.None)
    .textMode(isNamed ? BigValueTextMode.ValueAndName : BigValueTextMode.Value)
    .overrides(ownThresholds(panel.queries, "neutral"));
}

function rows(panel: Panel, links: readonly DashboardLink[]): table.PanelBuilder {
  return new table.PanelBuilder()
    .transformations([...tableTransformations(panel)])
    .overrides([...tableOverrides(panel, links)])
    .sortBy(
      tableSort(panel).map(({ displayName, desc }) =>
        new TableSortByFieldStateBuilder().displayName(displayName).desc(desc),
      ),
    );
}

/** Of the series that have thresholds of their own; below the first of them they have the tone `base`. */
function ownThresholds(queries: Panel["queries"], base: Tone) {
  return queries.flatMap(({ legend, thresholds }) =>
    thresholds === undefined ? [] : [override(legend, [property("thresholds", absoluteThresholds(base, thresholds))])],
  );
}

function states({ queries, base }: Panel): stateTimeline.PanelBuilder {
  return new stateTimeline.PanelBuilder()
    .colorScheme(new FieldColorBuilder().mode(FieldColorModeId.Thresholds))
    .overrides(ownThresholds(queries, base))
    .showValue(VisibilityMode.Auto)
    .mergeValues(true)
    .rowHeight(0.8)
    .legend(new VizLegendOptionsBuilder().showLegend(false))
    .tooltip(new VizTooltipOptionsBuilder().mode(TooltipDisplayMode.Single));
}

function logLines(): logs.PanelBuilder {
  return new logs.PanelBuilder()
    .showTime(true)
    .wrapLogMessage(true)
    .enableLogDetails(true)
    .sortOrder(LogsSortOrder.Descending);
}

function densities({ unit }: Panel): heatmap.PanelBuilder {
  return new heatmap.PanelBuilder()
    .yAxis(new heatmap.YAxisConfigBuilder().unit(unit))
    .color(new heatmap.HeatmapColorOptionsBuilder().mode(heatmap.HeatmapColorMode.Scheme).scheme("Oranges").steps(64))
    .showValue(VisibilityMode.Never)
    .tooltip(new heatmap.HeatmapTooltipBuilder().mode(TooltipDisplayMode.Single));
}
