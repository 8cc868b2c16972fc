import type { DashboardCheck } from "./rendered.ts";

/** The reader chooses the data source, under the name that Grafana's dashboard linter asks for. */
export const templateDatasource: DashboardCheck = {
  name: "template-datasource-rule",
  run({ templating }) {
    const sources = (templating?.list ?? []).filter(({ type }) => type === "datasource");
    if (!sources.some(({ query }) => query === "prometheus")) {
      const problem = "the reader cannot choose a Prometheus";
      return [{ problem, mend: 'add "prometheus" to its data sources' }];
    }
    return sources.flatMap(({ name, label, query }) => {
      const type = typeof query === "string" ? query : "";
      const [wantedName, wantedLabel] = [
        `${type}_datasource`,
        `${type.charAt(0).toUpperCase()}${type.slice(1)} data source`,
      ];
      if (name === wantedName && label === wantedLabel) return [];
      return [
        {
          where: `variable ${name}`,
          problem: `it is named ${name} with the label "${label}"`,
          mend: `name it ${wantedName} with the label "${wantedLabel}"`,
        },
      ];
    });
  },
};
