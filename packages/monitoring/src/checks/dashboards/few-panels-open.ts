import type { DashboardCheck } from "./rendered.ts";

/** What somebody takes in at first sight, and what a browser asks Prometheus at once. */
const OPEN_MAX = 20;

/** A dashboard opens with what matters; the rest is folded under headings, and asks nothing until it is opened. */
export const fewPanelsOpen: DashboardCheck = {
  name: "few-panels-open",
  run({ panels = [] }) {
    const open = panels.filter(({ type }) => type !== "row").length;
    if (open <= OPEN_MAX) return [];
    return [
      {
        problem: `it opens ${open} panels, more than ${OPEN_MAX}`,
        mend: "fold the sections that are not needed at first sight: `folded: true`",
      },
    ];
  },
};
