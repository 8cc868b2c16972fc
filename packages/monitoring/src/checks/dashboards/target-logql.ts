import { type DashboardCheck, targetsOf } from "./rendered.ts";

/** Every query is for Prometheus, so that rules about LogQL have nothing to look at. */
export const targetLogql: DashboardCheck = {
  name: "target-logql-rule",
  run(dashboard) {
    return targetsOf(dashboard)
      .filter(({ target }) => target.datasource?.type !== "prometheus")
      .map(({ where, target }) => ({
        where,
        problem: `it is for ${target.datasource?.type ?? "no data source"}`,
        mend: "ask Prometheus; for another language its checks must be written first",
      }));
  },
};
