import { GRID_COLUMNS } from "../../dashboards/layout.ts";
import { type DashboardCheck, type DashboardFinding, panelName, type RenderedPanel } from "./rendered.ts";

/** Every panel has a place inside the grid that no other panel takes: Grafana would push one of them elsewhere. */
export const panelsFitGrid: DashboardCheck = {
  name: "panels-fit-grid",
  run({ panels = [] }) {
    // What is folded is moved below its heading when it is opened; it can only cover what is folded with it.
    return [panels, ...panels.map((panel) => panel.panels ?? [])].flatMap(findingsIn);
  },
};

function findingsIn(panels: readonly RenderedPanel[]): readonly DashboardFinding[] {
  return panels.flatMap((panel, index) => {
    const where = panelName(panel);
    const { gridPos: place } = panel;
    if (place === undefined) return [{ where, problem: "it has no place", mend: "give it one" }];
    const { x, y, w, h } = place;
    if (x < 0 || y < 0 || w < 1 || h < 1 || x + w > GRID_COLUMNS) {
      const problem = `it takes the columns ${x} to ${x + w} of ${GRID_COLUMNS}`;
      return [{ where, problem, mend: "make it narrower, or begin a new row" }];
    }
    const other = panels.slice(0, index).find((each) => overlap(each, panel));
    if (other === undefined) return [];
    return [{ where, problem: `it covers ${panelName(other)}`, mend: "move one of them" }];
  });
}

function overlap({ gridPos: a }: RenderedPanel, { gridPos: b }: RenderedPanel): boolean {
  if (a === undefined || b === undefined) return false;
  return a.x < b.x + b.w && b.x < a.x + a.w && a.y < b.y + b.h && b.y < a.y + a.h;
}
