import { parseQuery } from "./promql-text.ts";
import { type DashboardCheck, targetsOf } from "./rendered.ts";

/** Every query and annotation is PromQL, once Grafana has filled in its variables. */
export const targetPromql: DashboardCheck = {
  name: "target-promql-rule",
  run(dashboard) {
    const queries = [
      ...targetsOf(dashboard)
        .filter(({ target }) => target.datasource?.type !== "loki")
        .map(({ where, target }) => ({ where, expr: target.expr ?? "" })),
      ...(dashboard.annotations?.list ?? []).map(({ name, expr = "" }) => ({ where: `annotation ${name}`, expr })),
    ];
    return queries.flatMap(({ where, expr }) => {
      const query = parseQuery(expr);
      if (query.kind === "valid") return [];
      return [{ where, problem: `it cannot be read at ${query.at}`, mend: "write it with the builder of expressions" }];
    });
  },
};
