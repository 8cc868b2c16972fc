import { contentPanels, type DashboardCheck, panelName } from "./rendered.ts";

/** Grafana says this by itself, and a text that says no more tells nothing. */
const NOTHING_SAID = /^(no data|no values?|empty|none|n\/a|-|–)?$/i;

/** A panel without anything to show says why: a fleet without calls must not look like a monitoring that is broken. */
export const emptyPanelsSayWhy: DashboardCheck = {
  name: "empty-panels-say-why",
  run(dashboard) {
    return contentPanels(dashboard)
      .filter(({ fieldConfig }) => NOTHING_SAID.test((fieldConfig?.defaults?.noValue ?? "").trim()))
      .map((panel) => ({
        where: panelName(panel),
        problem: `it says "${panel.fieldConfig?.defaults?.noValue ?? "No data"}" when there is nothing to show`,
        mend: "say why in `whenEmpty`: no calls, compliance is off, not told on this system",
      }));
  },
};
