import {
  DatasourceVariableBuilder,
  QueryVariableBuilder,
  type VariableModel,
  VariableRefresh,
  VariableSort,
} from "@grafana/grafana-foundation-sdk/dashboard";
import type { Dashboard, DashboardVariable, DataSourceType } from "../../dashboards/model.ts";
import { printPromql } from "../../promql/print.ts";
import type { MonitoringOptions } from "../../settings/options.ts";
import { chosenPrometheus, dataSourceVariableName } from "./data-source.ts";

const TITLES: Readonly<Record<DataSourceType, string>> = {
  prometheus: "Prometheus data source",
  alertmanager: "Alertmanager data source",
  loki: "Loki data source",
};

/** Matches every value, but not the absence of the label. */
const ALL = ".+";

/** The choices of a dashboard, in the order in which they narrow each other. */
export function variablesOf({ dataSources, variables }: Dashboard, options: MonitoringOptions): VariableModel[] {
  return [
    ...dataSources.map((type) =>
      new DatasourceVariableBuilder(dataSourceVariableName(type)).label(TITLES[type]).type(type).build(),
    ),
    ...variables.map((variable) => choiceOf(variable, options)),
  ];
}

function choiceOf({ name, title, label, from }: DashboardVariable, { jobName }: MonitoringOptions): VariableModel {
  const query = `label_values(${printPromql(from)}, ${label})`;
  const isJob = name === "job";
  const builder = new QueryVariableBuilder(name)
    .label(title)
    .datasource(chosenPrometheus)
    .query({ query, refId: `Variable-${name}` })
    .definition(query)
    .multi(true)
    .allValue(ALL)
    .refresh(VariableRefresh.OnTimeRangeChanged)
    .sort(VariableSort.AlphabeticalCaseInsensitiveAsc);
  // All jobs would be all that Prometheus scrapes, other programs included.
  if (isJob)
    return builder
      .includeAll(false)
      .current({ text: [jobName], value: [jobName] })
      .build();
  return builder
    .includeAll(true)
    .current({ text: ["All"], value: ["$__all"] })
    .build();
}
