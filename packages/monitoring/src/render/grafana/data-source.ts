import type { DataSourceRef } from "@grafana/grafana-foundation-sdk/common";
import type { DataSourceType } from "../../dashboards/model.ts";

/** The variable with which the reader chooses the data source of a type. */
export function dataSourceVariableName(type: DataSourceType): string {
  return `${type}_datasource`;
}

/** The Prometheus that the reader chose. */
export const chosenPrometheus: DataSourceRef = chosen("prometheus");

/** The Loki that the reader chose. */
export const chosenLoki: DataSourceRef = chosen("loki");

function chosen(type: DataSourceType): DataSourceRef {
  return { type, uid: `\${${dataSourceVariableName(type)}}` };
}
