import type { Dashboard, Panel } from "./dashboard.ts";

/** A dashboard with every heading opened: what was below a folded one moves down by the height of its panels. */
export function unfolded(dashboard: Dashboard): Dashboard {
  let shift = 0;
  const panels = dashboard.panels.flatMap((panel): readonly Panel[] => {
    const inside = panel.panels ?? [];
    const opened = [{ ...panel, collapsed: false }, ...inside].map((each) => moved(each, shift));
    shift += Math.max(0, ...inside.map(({ gridPos }) => gridPos.y + gridPos.h - panel.gridPos.y - 1));
    return opened;
  });
  return { ...dashboard, panels };
}

function moved(panel: Panel, by: number): Panel {
  return { ...panel, gridPos: { ...panel.gridPos, y: panel.gridPos.y + by } };
}
