import { catalog } from "@mcp-hangar/telemetry";
import { by, max, min, sum } from "../../promql/aggregate.ts";
import { prometheusMetrics, runtime } from "../../promql/external.ts";
import { rate, secondsSince } from "../../promql/functions.ts";
import { compare, divideOn } from "../../promql/operators.ts";
import type { Board } from "../board.ts";
import { toGateway } from "../drill-down.ts";
import type { SectionDraft } from "../layout.ts";
import { quantileOf, RATE, recently, SERVED, shareOf } from "../measures.ts";
import { table } from "../panels.ts";
import { flag } from "../tones.ts";
import { whyEmpty } from "../why-empty.ts";

const perInstance = by("instance");

/** One row a gateway, so that a replica that does worse than the others is seen; a click shows it alone. */
export function gateways({ chosen, draw }: Board): SectionDraft {
  const served = sum(rate(chosen.series(catalog.toolCalls, { status: SERVED }), RATE), perInstance);
  const failed = sum(rate(chosen.series(catalog.toolCallErrors), RATE), perInstance);
  const durations = sum(recently(chosen.buckets(catalog.toolCallDuration)), by("instance", "le"));
  const cpu = divideOn(
    rate(chosen.series(runtime.processCpu), RATE),
    ["job", "instance"],
    chosen.series(runtime.availableCpus),
  );
  return {
    id: 800,
    title: "Gateways",
    rows: [
      [
        table({
          key: "gateways",
          id: 801,
          title: "Gateways",
          description:
            "Every gateway with what matters about it: one that fails more than the others is a bad replica. Click a name to look at it alone.",
          unit: "none",
          queries: [
            { expr: max(chosen.series(catalog.buildInfo), by("instance", "version")), legend: "Version" },
            {
              expr: min(chosen.series(prometheusMetrics.up), perInstance),
              legend: "Scraped",
              column: { title: "Scraped", unit: "bool_yes_no", meanings: flag("yes", "no") },
            },
            { expr: compare(served, ">", 0), legend: "Calls", column: { title: "Calls", unit: "reqps" } },
            {
              expr: shareOf(failed, served),
              legend: "Failing",
              column: {
                title: "Failing",
                unit: "percentunit",
                thresholds: draw("percentunit", "HighErrorRate").thresholds,
              },
            },
            {
              expr: quantileOf(0.95, durations),
              legend: "P95",
              column: { title: "P95", unit: "s", thresholds: draw("s", "HighLatencyP95").thresholds },
            },
            {
              expr: max(chosen.series(runtime.processResidentMemory), perInstance),
              legend: "Memory",
              column: { title: "Memory", unit: "bytes", thresholds: draw("bytes", "HighMemoryUsage").thresholds },
            },
            {
              expr: max(cpu, perInstance),
              legend: "CPU",
              column: { title: "CPU", unit: "percentunit", thresholds: draw("percentunit", "HighCPUUsage").thresholds },
            },
            {
              expr: max(secondsSince(chosen.series(runtime.processStartTime)), perInstance),
              legend: "Running for",
              column: { title: "Running for", unit: "dtdurations" },
            },
          ],
          height: 6,
          worstFirst: "Failing",
          drillDown: toGateway,
          whenEmpty: whyEmpty.gateways,
        }),
      ],
    ],
  };
}
