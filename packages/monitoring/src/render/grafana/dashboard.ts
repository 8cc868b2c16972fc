import {
  DashboardBuilder,
  DashboardCursorSync,
  RowBuilder,
  type RowPanel,
  type Dashboard as SdkDashboard,
  type Panel as SdkPanel,
  ThresholdsConfigBuilder,
  ThresholdsMode,
} from "@grafana/grafana-foundation-sdk/dashboard";
import { GRID_COLUMNS } from "../../dashboards/layout.ts";
import type { Dashboard, Panel, Section } from "../../dashboards/model.ts";
import type { MonitoringOptions } from "../../settings/options.ts";
import { annotationsOf } from "./annotations.ts";
import { chosenPrometheus } from "./data-source.ts";
import { dataLinks, headLinks } from "./links.ts";
import { visualisationOf } from "./panel.ts";
import { targetsOf } from "./targets.ts";
import { thresholdSteps, valueMappings } from "./tones.ts";
import { variablesOf } from "./variables.ts";

/** A dashboard in Grafana's classic JSON. Everything that Grafana would otherwise choose is said. */
export function grafanaDashboard(dashboard: Dashboard, options: MonitoringOptions): SdkDashboard {
  const { uid, title, description, from, sections, panels } = dashboard;
  const head = new DashboardBuilder(title)
    .id(null)
    .uid(uid)
    .description(description)
    .tags(["mcp-hangar"])
    .timezone("browser")
    .readonly()
    .tooltip(DashboardCursorSync.Crosshair)
    .time({ from, to: "now" })
    .refresh("30s")
    .version(1)
    .build();
  return {
    ...head,
    templating: { list: variablesOf(dashboard, options) },
    annotations: { list: annotationsOf(dashboard.annotations) },
    links: [...headLinks(dashboard)],
    // Not added by the builder, because it would move them.
    panels: [...sections.map(rowOf), ...panels.map((panel) => panelOf(panel, dashboard, options))].sort(byPlace),
  };
}

function panelOf(panel: Panel, dashboard: Dashboard, options: MonitoringOptions): SdkPanel {
  const { id, title, description, unit, place, thresholds, base, meanings, whenEmpty } = panel;
  const builder = visualisationOf(panel)
    .id(id)
    .title(title)
    .description(description)
    .datasource(chosenPrometheus)
    .gridPos({ x: place.x, y: place.y, w: place.width, h: place.height })
    .targets([...targetsOf(panel)])
    .unit(unit)
    .thresholds(new ThresholdsConfigBuilder().mode(ThresholdsMode.Absolute).steps(thresholdSteps(base, thresholds)))
    .dataLinks(dataLinks(panel, dashboard, options.runbookBaseUrl).map((link) => ({ build: () => link })));
  if (meanings.length > 0) builder.mappings(valueMappings(meanings));
  if (whenEmpty !== undefined) builder.noValue(whenEmpty);
  return builder.build();
}

function rowOf({ id, title, y }: Section): RowPanel {
  return { ...new RowBuilder(title).id(id).build(), gridPos: { x: 0, y, w: GRID_COLUMNS, h: 1 } };
}

function byPlace(a: SdkPanel | RowPanel, b: SdkPanel | RowPanel): number {
  return (a.gridPos?.y ?? 0) - (b.gridPos?.y ?? 0) || (a.gridPos?.x ?? 0) - (b.gridPos?.x ?? 0);
}
