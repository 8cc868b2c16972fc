import type { Builder, Dataquery } from "@grafana/grafana-foundation-sdk/cog";
import { DataqueryBuilder as LokiQueryBuilder } from "@grafana/grafana-foundation-sdk/loki";
import { DataqueryBuilder, PromQueryFormat } from "@grafana/grafana-foundation-sdk/prometheus";
import type { Panel, Query } from "../../dashboards/model.ts";
import { printPromql } from "../../promql/print.ts";
import { chosenLoki, chosenPrometheus } from "./data-source.ts";

/** The queries of a panel, for Prometheus or for Loki. */
export function targetsOf(panel: Panel): readonly Builder<Dataquery>[] {
  return panel.logQueries.length > 0 ? logTargets(panel) : promqlTargets(panel);
}

function promqlTargets({ queries, visualisation }: Panel): readonly DataqueryBuilder[] {
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

function logTargets({ logQueries }: Panel): readonly LokiQueryBuilder[] {
  return logQueries.map(({ logql, legend }, index) =>
    new LokiQueryBuilder()
      .refId(refIdOf(index))
      .datasource(chosenLoki)
      .expr(logql)
      .legendFormat(legend)
      .queryType("range"),
  );
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
    case "logs":
      return PromQueryFormat.TimeSeries;
  }
}
