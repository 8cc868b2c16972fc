import { DataqueryBuilder, PromQueryFormat } from "@grafana/grafana-foundation-sdk/prometheus";
import type { Panel, Query } from "../../dashboards/model.ts";
import { printPromql } from "../../promql/print.ts";
import { chosenPrometheus } from "./data-source.ts";

/** The queries of a panel for Prometheus. */
export function targetsOf({ queries, visualisation }: Panel): readonly DataqueryBuilder[] {
  return queries.map((query, index) => {
    const target = new DataqueryBuilder()
      .refId(refIdOf(index))
      .datasource(chosenPrometheus)
      .expr(printPromql(query.expr))
      .legendFormat(query.legend)
      .format(formatOf(visualisation));
    if (query.exemplars === true) target.exemplar(true);
    return isInstant(query) ? target.instant() : target.range();
  });
}

/** `A` to `Z`, as Grafana names queries. */
export function refIdOf(index: number): string {
  if (index >= 26) throw new RangeError(`A panel has ${index + 1} queries; 26 is the most that can be named A to Z.`);
  return String.fromCharCode("A".charCodeAt(0) + index);
}

function isInstant({ instant = false }: Query): boolean {
  return instant;
}

function formatOf(visualisation: Panel["visualisation"]): PromQueryFormat {
  switch (visualisation) {
    case "table":
      return PromQueryFormat.Table;
    case "heatmap":
      return PromQueryFormat.Heatmap;
    case "timeseries":
    case "stat":
    case "state-timeline":
      return PromQueryFormat.TimeSeries;
  }
}
