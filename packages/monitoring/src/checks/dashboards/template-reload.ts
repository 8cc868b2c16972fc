import type { DashboardCheck } from "./rendered.ts";

/** Grafana's number for it. */
const ON_TIME_RANGE_CHANGE = 2;

/** Choices follow the time that is shown: what has gone since can still be looked at. */
export const templateReload: DashboardCheck = {
  name: "template-on-time-change-reload-rule",
  run({ templating }) {
    return (templating?.list ?? [])
      .filter(({ type, refresh }) => type === "query" && refresh !== ON_TIME_RANGE_CHANGE)
      .map(({ name, refresh }) => ({
        where: `variable ${name}`,
        problem: `it is refreshed by ${refresh}, not on a change of the time range`,
        mend: `set its refresh to ${ON_TIME_RANGE_CHANGE}`,
      }));
  },
};
