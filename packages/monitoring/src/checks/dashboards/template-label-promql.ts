import { parseQuery } from "./promql-text.ts";
import { type DashboardCheck, variableQuery } from "./rendered.ts";

/** A choice is filled from the values of a label of series that can be selected. */
export const templateLabelPromql: DashboardCheck = {
  name: "template-label-promql-rule",
  run({ templating }) {
    return (templating?.list ?? [])
      .filter(({ type }) => type === "query")
      .flatMap((variable) => {
        const query = variableQuery(variable);
        const [, selector] = /^label_values\((.+), (\w+)\)$/s.exec(query) ?? [];
        const parsed = selector === undefined ? undefined : parseQuery(selector);
        if (parsed?.kind === "valid") return [];
        const problem = parsed === undefined ? `its query is "${query}"` : `its query cannot be read at ${parsed.at}`;
        return [{ where: `variable ${variable.name}`, problem, mend: "use label_values(selector, label)" }];
      });
  },
};
