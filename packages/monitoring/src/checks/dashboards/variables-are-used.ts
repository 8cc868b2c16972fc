import { type DashboardCheck, type RenderedDashboard, variableQuery } from "./rendered.ts";

/** Grafana's own variables, beside those that begin with two underscores. */
const REFERENCE = /\$(?:\{(\w+)[^}]*\}|(\w+))/g;

/** Every choice changes what is shown, and every variable that is used is a choice. */
export const variablesAreUsed: DashboardCheck = {
  name: "variables-are-used",
  run(dashboard) {
    const variables = dashboard.templating?.list ?? [];
    const declared = variables.map(({ name = "" }) => name);
    const shown = namesIn(shownPart(dashboard));
    const inChoices = new Set(
      variables.flatMap((variable) => [
        ...namesIn(variableQuery(variable)),
        ...namesIn(JSON.stringify(variable.datasource ?? {})),
      ]),
    );
    return [
      ...declared
        .filter((name) => !shown.has(name))
        .map((name) => ({
          where: `variable ${name}`,
          problem: "nothing that is shown depends on it",
          mend: "use it, or remove it",
        })),
      ...[...shown.union(inChoices)]
        .filter((name) => !name.startsWith("__") && !declared.includes(name))
        .map((name) => ({ problem: `it uses the variable ${name}, which it does not have`, mend: "add the variable" })),
    ];
  },
};

/** Everything but the variables themselves. */
function shownPart({ panels, links, annotations }: RenderedDashboard): string {
  return JSON.stringify({ panels, links, annotations });
}

function namesIn(text: string): ReadonlySet<string> {
  return new Set([...text.matchAll(REFERENCE)].map(([, braced, plain]) => braced ?? plain ?? ""));
}
