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
import { annotationsOf } from "./annotations.ts";
import { chosenLoki, chosenPrometheus } from "./data-source.ts";
import { type Around, dataLinks, headLinks, runbookLinks } from "./links.ts";
import { visualisationOf } from "./panel.ts";
import { targetsOf } from "./targets.ts";
import { absoluteThresholds, valueMappings } from "./tones.ts";
import { variablesOf } from "./variables.ts";

/** A dashboard in Grafana's classic JSON. Everything that Grafana would otherwise choose is said. */
export function grafanaDashboard(dashboard: Dashboard, around: Around): SdkDashboard {
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
    templating: { list: variablesOf(dashboard, around.options) },
    annotations: { list: annotationsOf(dashboard.annotations) },
    links: [...headLinks(dashboard)],
    // Not added by the builder, because it would move them.
    panels: sections.flatMap((section) => {
      const own = panels
        .filter((panel) => panel.section === section.id)
        .map((panel) => panelOf(panel, dashboard, around))
        .sort(byPlace);
      return section.folded ? [rowOf(section, own)] : [rowOf(section, []), ...own];
    }),
  };
}

function panelOf(panel: Panel, dashboard: Dashboard, around: Around): SdkPanel {
  const { id, title, description, unit, place, thresholds, base, meanings, whenEmpty } = panel;
  const links = dataLinks(panel, dashboard, around);
  const builder = visualisationOf(panel, links)
    .id(id)
    .title(title)
    .description(description)
    .datasource(panel.logQueries.length > 0 ? chosenLoki : chosenPrometheus)
    .gridPos({ x: place.x, y: place.y, w: place.width, h: place.height })
    .targets([...targetsOf(panel)])
    .unit(unit)
    .thresholds({ build: () => absoluteThresholds(base, thresholds) })
    .noValue(whenEmpty)
    .dataLinks(panel.visualisation === "table" ? [] : links.map((link) => ({ build: () => link })));
  const runbooks = runbookLinks(panel, around.options);
  if (runbooks.length > 0) builder.links(runbooks.map((link) => ({ build: () => link })));
  if (meanings.length > 0) builder.mappings(valueMappings(meanings));
  if (panel.decimals !== undefined) builder.decimals(panel.decimals);
  return builder.build();
}

/** A heading; what is folded is inside of it. */
function rowOf({ id, title, y, folded }: Section, panels: SdkPanel[]): RowPanel {
  const row = new RowBuilder(title).id(id).collapsed(folded).build();
  return { ...row, gridPos: { x: 0, y, w: GRID_COLUMNS, h: 1 }, panels };
}

function byPlace(a: SdkPanel, b: SdkPanel): number {
  return (a.gridPos?.y ?? 0) - (b.gridPos?.y ?? 0) || (a.gridPos?.x ?? 0) - (b.gridPos?.x ?? 0);
}
