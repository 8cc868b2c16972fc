import { parseQuery } from "./promql-text.ts";
import { type DashboardCheck, targetsOf } from "./rendered.ts";

/** A rate follows the zoom of the reader: over a fixed range it skips samples when zoomed out and is empty when zoomed in. */
export const targetRateInterval: DashboardCheck = {
  name: "target-rate-interval-rule",
  run(dashboard) {
    return targetsOf(dashboard).flatMap(({ where, target }) => {
      const query = parseQuery(target.expr ?? "");
      if (query.kind === "invalid") return [];
      return query.selectors
        .filter(({ calledBy, range }) => /^i?rate$/.test(calledBy ?? "") && range !== "$__rate_interval")
        .map(({ metric, range }) => ({
          where,
          problem: `the rate of ${metric} has the range ${range}`,
          mend: "use $__rate_interval, or the increase over a range that is meant",
        }));
    });
  },
};
