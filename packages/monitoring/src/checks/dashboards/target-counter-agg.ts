import { parseQuery } from "./promql-text.ts";
import { type DashboardCheck, targetsOf } from "./rendered.ts";

/** A counter as it is says when its process started, not how much happens. */
export const targetCounterAgg: DashboardCheck = {
  name: "target-counter-agg-rule",
  run(dashboard) {
    return targetsOf(dashboard).flatMap(({ where, target }) => {
      const query = parseQuery(target.expr ?? "");
      if (query.kind === "invalid") return [];
      return query.selectors
        .filter(
          ({ metric, calledBy, range }) =>
            /_(total|bucket|count|sum)$/.test(metric) &&
            (range === undefined || !/^(i?rate|increase)$/.test(calledBy ?? "")),
        )
        .map(({ metric }) => ({
          where,
          problem: `${metric} is a counter as it is`,
          mend: "use its rate or its increase",
        }));
    });
  },
};
