import {
  DashboardBuilder,
  DashboardCursorSync,
  RowBuilder,
  type RowPanel,
  type Dashboard as SdkDashboard,
  type Panel as SdkPanel,
} from "@grafana/grafana-foundation-sdk/dashboard";
import { GRID_COLUMNS } from "../../dashboards/layout.ts";
import type { Dashboard, Panel, Section } from "../../dashboards/model.ts";
import type { MonitoringOptions } from "../../settings/options.ts";
import { annotationsOf } from "./annotations.ts";
import { chosenPrometheus } from "./data-source.ts";
import { dataLinks, headLinks, runbookLinks } from "./links.ts";
import { visualisationOf } from "./panel.ts";
import { targetsOf } from "./targets.ts";
import { absoluteThresholds, valueMappings } from "./tones.ts";
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
  const links = dataLinks(panel, dashboard, options.runbookBaseUrl);
  const builder = visualisationOf(panel, links)
    .id(id)
    .title(title)
    .description(description)
    .datasource(chosenPrometheus)
    .gridPos({ x: place.x, y: place.y, w: place.width, h: place.height })
    .targets([...targetsOf(panel)])
    .unit(unit)
    .thresholds({ build: () => absoluteThresholds(base, thresholds) })
    .dataLinks(panel.visualisation === "table" ? [] : links.map((link) => ({ build: () => link })));
  const runbooks = runbookLinks(panel, options);
  if (runbooks.length > 0) builder.links(runbooks.map((link) => ({ build: () => link })));
  if (meanings.length > 0) builder.mappings(valueMappings(meanings));
  if (whenEmpty !== undefined) builder.noValue(whenEmpty);
  if (panel.decimals !== undefined) builder.decimals(panel.decimals);
  return builder.build();
}

function rowOf({ id, title, y }: Section): RowPanel {
  return { ...new RowBuilder(title).id(id).build(), gridPos: { x: 0, y, w: GRID_COLUMNS, h: 1 } };
}

function byPlace(a: SdkPanel | RowPanel, b: SdkPanel | RowPanel): number {
  return (a.gridPos?.y ?? 0) - (b.gridPos?.y ?? 0) || (a.gridPos?.x ?? 0) - (b.gridPos?.x ?? 0);
}
