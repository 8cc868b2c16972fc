import type { DashboardCheck } from "./rendered.ts";

/** What is changed in Grafana would be lost with the next generation, so it cannot be. */
export const uneditable: DashboardCheck = {
  name: "uneditable-dashboard",
  run({ editable }) {
    if (editable === false) return [];
    const problem =
      editable === undefined ? "it does not say whether it can be edited, which means yes" : "it can be edited";
    return [{ problem, mend: "make it readonly" }];
  },
};
