import { catalog } from "@mcp-hangar/telemetry";
import { by, max, sum } from "../../promql/aggregate.ts";
import { prometheusMetrics } from "../../promql/external.ts";
import { increase } from "../../promql/functions.ts";
import type { Board } from "../board.ts";
import type { SectionDraft } from "../layout.ts";
import { query } from "../measures.ts";
import { chart } from "../panels.ts";
import { whyEmpty } from "../why-empty.ts";

/** What the metrics themselves cost, and what they cannot hold. */
export function metrics({ chosen, draw, options }: Board): SectionDraft {
  const { window } = options.alerts.MetricSeriesLimitReached;
  const overflows = increase(chosen.series(catalog.seriesOverflows), window);
  return {
    id: 200,
    title: "Metrics",
    folded: true,
    rows: [
      [
        chart({
          key: "series-overflows",
          id: 201,
          title: "Observations without a series",
          description: `Counted as _other within ${window}, because the metric has as many series as it may. MetricSeriesLimitReached fires.`,
          unit: "short",
          queries: [query(sum(overflows, by("metric")), "{{metric}}")],
          drawn: draw("short", "MetricSeriesLimitReached"),
          width: 6,
          whenEmpty: "every series has found room",
        }),
        chart({
          key: "scrape-duration",
          id: 202,
          title: "Scrape duration",
          description: `How long Prometheus waits for the metrics. It gives up after ${options.scrapeTimeout}.`,
          unit: "s",
          queries: [query(max(chosen.series(prometheusMetrics.scrapeDuration), by("instance")), "{{instance}}")],
          width: 6,
          whenEmpty: whyEmpty.gateways,
        }),
        chart({
          key: "scrape-samples",
          id: 203,
          title: "Samples a scrape",
          description: "How many samples each gateway exposes. It grows with servers and tools.",
          unit: "short",
          queries: [query(max(chosen.series(prometheusMetrics.scrapeSamples), by("instance")), "{{instance}}")],
          width: 6,
          whenEmpty: whyEmpty.gateways,
        }),
        chart({
          key: "new-series",
          id: 204,
          title: "New series a scrape",
          description: "Series that were not there before. Many all the time are labels that never end.",
          unit: "short",
          queries: [query(max(chosen.series(prometheusMetrics.scrapeSeriesAdded), by("instance")), "{{instance}}")],
          width: 6,
          whenEmpty: whyEmpty.gateways,
        }),
      ],
    ],
  };
}
