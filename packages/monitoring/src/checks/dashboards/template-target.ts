import { parseQuery } from "./promql-text.ts";
import {
  type DashboardCheck,
  type DashboardFinding,
  type RenderedDashboard,
  type RenderedVariable,
  targetsOf,
} from "./rendered.ts";
import { labelsOfText } from "./series-labels.ts";

const DATA_SOURCE = `\${prometheus_datasource}`;
const ALL = ".+";

/** The reader chooses the job. */
export const templateJob: DashboardCheck = {
  name: "template-job-rule",
  run: ({ templating }) => problemsOf("job", templating?.list ?? []),
};

/**
 * The reader chooses the instance, where there are series of instances. A board of recorded series alone has none: there
 * a choice would do nothing, and the matcher would match nothing.
 */
export const templateInstance: DashboardCheck = {
  name: "template-instance-rule",
  run(dashboard, { stack }) {
    const hasInstances = selectorsOf(dashboard).some((metric) => labelsOfText(metric, stack)?.has("instance") ?? true);
    const variables = dashboard.templating?.list ?? [];
    return hasInstances ? problemsOf("instance", variables) : [];
  },
};

function selectorsOf(dashboard: RenderedDashboard): readonly string[] {
  return targetsOf(dashboard).flatMap(({ target }) => {
    const query = parseQuery(target.expr ?? "");
    return query.kind === "valid" ? query.selectors.map(({ metric }) => metric) : [];
  });
}

function problemsOf(name: string, variables: readonly RenderedVariable[]): readonly DashboardFinding[] {
  const variable = variables.find((each) => each.name === name);
  if (variable === undefined) {
    return [{ problem: `the reader cannot choose the ${name}`, mend: `add the variable ${name}` }];
  }
  const label = `${name.charAt(0).toUpperCase()}${name.slice(1)}`;
  const wrong = [
    ...(variable.type === "query" ? [] : [`its type is ${variable.type}, not query`]),
    ...(variable.datasource?.uid === DATA_SOURCE ? [] : [`its data source is ${variable.datasource?.uid}`]),
    ...(variable.label === label ? [] : [`its label is "${variable.label}", not "${label}"`]),
    ...(variable.multi === true ? [] : ["it takes one value only"]),
    ...(variable.allValue === ALL ? [] : [`all of it is "${variable.allValue}", not "${ALL}"`]),
  ];
  return wrong.map((problem) => ({
    where: `variable ${name}`,
    problem,
    mend: "let the renderer of variables write it",
  }));
}
