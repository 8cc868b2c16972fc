import { parser } from "@grafana/lezer-logql";
import { type DashboardCheck, targetsOf } from "./rendered.ts";

/** Grafana's choice of a range, as a duration that is not used otherwise. */
const AUTO = "$__auto";
const FILLED = "7919s";

/** Every query is for Prometheus or for Loki, and for Loki it is LogQL. */
export const targetLogql: DashboardCheck = {
  name: "target-logql-rule",
  run(dashboard) {
    return targetsOf(dashboard).flatMap(({ where, target }) => {
      const { type } = target.datasource ?? {};
      if (type === "prometheus") return [];
      if (type !== "loki") {
        return [
          {
            where,
            problem: `it is for ${type ?? "no data source"}`,
            mend: "ask Prometheus or Loki; for another language its checks must be written first",
          },
        ];
      }
      const at = errorIn((target.expr ?? "").replaceAll(AUTO, FILLED));
      return at === undefined
        ? []
        : [{ where, problem: `it is no LogQL at ${at}`, mend: "write a stream selector first" }];
    });
  },
};

/** A range of lines follows the zoom of the reader, as that of a rate does. */
export const targetLogqlAuto: DashboardCheck = {
  name: "target-logql-auto-rule",
  run(dashboard) {
    return targetsOf(dashboard)
      .filter(({ target }) => target.datasource?.type === "loki")
      .flatMap(({ where, target }) =>
        [...(target.expr ?? "").matchAll(/\[([^\]]*)\]/g)]
          .filter(([, range]) => range !== AUTO)
          .map(([, range]) => ({ where, problem: `lines are counted over ${range}`, mend: `use ${AUTO}` })),
      );
  },
};

function errorIn(text: string): string | undefined {
  if (text.trim() === "") return "its beginning: it is empty";
  let at: number | undefined;
  parser.parse(text).iterate({
    enter({ type, from }) {
      if (type.isError) at ??= from;
    },
  });
  return at === undefined ? undefined : `"${text.slice(at, at + 30) || "its end"}"`;
}
