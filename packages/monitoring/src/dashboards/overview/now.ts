import { BREAKER_STATES, catalog, SERVER_STATES } from "@mcp-hangar/telemetry";
import { by, count, max, sum } from "../../promql/aggregate.ts";
import { prometheusMetrics } from "../../promql/external.ts";
import { absent, rate } from "../../promql/functions.ts";
import { compare, or, zero } from "../../promql/operators.ts";
import { anyOf } from "../../promql/select.ts";
import type { Vector } from "../../promql/vector.ts";
import type { Board } from "../board.ts";
import { onOverview } from "../drill-down.ts";
import type { SectionDraft } from "../layout.ts";
import { quantileOf, query, RATE, reachable, recently, SERVED, shareOf } from "../measures.ts";
import { stat } from "../panels.ts";
import { zeroIsOk } from "../tones.ts";
import { whyEmpty } from "../why-empty.ts";

/** The first row: whether anything is wrong, and in which part. */
export function now(board: Board): SectionDraft {
  const { chosen, draw } = board;
  const up = chosen.series(prometheusMetrics.up);
  const reached = reachable(chosen.series(catalog.serverUp));
  const served = chosen.series(catalog.toolCalls, { status: SERVED });
  const failing = shareOf(sum(rate(chosen.series(catalog.toolCallErrors), RATE)), sum(rate(served, RATE)));
  const items = chosen.series(catalog.batchItems, { status: SERVED });
  const failedItems = chosen.series(catalog.batchItems, { status: anyOf("error", "timeout") });
  const troubled = compare(serverStates(board), ">=", SERVER_STATES.indexOf("degraded"));
  const breakers = max(chosen.series(catalog.circuitBreakerState), by("mcp_server"));
  return {
    id: 100,
    title: "Now",
    rows: [
      [
        stat({
          key: "gateways-down",
          id: 101,
          title: "Gateways down",
          description:
            "Gateways that Prometheus cannot scrape; 1 also if it knows none at all. Above 0, clients most likely cannot call tools.",
          unit: "none",
          queries: [query(or(or(count(compare(up, "==", 0)), zero(count(up))), absent(up)), "Gateways down")],
          drawn: draw("none", "NotResponding"),
          thresholds: [{ value: 1, tone: "bad" }],
          meanings: zeroIsOk,
          whenEmpty: whyEmpty.gateways,
          leadsTo: onOverview("Which gateways", "gateways"),
        }),
        stat({
          key: "call-rate",
          id: 102,
          title: "Tool calls",
          description:
            "Tool calls that finish a second, whatever their outcome. A sudden drop to 0 means that clients are cut off.",
          unit: "reqps",
          queries: [query(sum(rate(chosen.series(catalog.toolCalls), RATE)), "Calls")],
          whenEmpty: whyEmpty.gateways,
          leadsTo: onOverview("Which servers are called", "calls-by-server"),
        }),
        stat({
          key: "failing-now",
          id: 103,
          title: "Failing calls",
          description:
            "The share of tool calls that fail on the gateway's or a server's side. Red is where the alert HighErrorRate fires.",
          unit: "percentunit",
          queries: [query(failing, "Failing")],
          drawn: draw("percentunit", "HighErrorRate"),
          whenEmpty: whyEmpty.calls,
          leadsTo: onOverview("Which servers fail", "failing-calls-by-server"),
        }),
        stat({
          key: "p95-now",
          id: 104,
          title: "P95 latency",
          description: "95 of 100 tool calls are faster than this. Coloured from where the alert HighLatencyP95 fires.",
          unit: "s",
          queries: [query(quantileOf(0.95, sum(recently(chosen.buckets(catalog.toolCallDuration)), by("le"))), "P95")],
          drawn: draw("s", "HighLatencyP95"),
          whenEmpty: whyEmpty.calls,
          leadsTo: onOverview("Which servers are slow", "latency-by-server"),
        }),
        stat({
          key: "servers-unreachable",
          id: 105,
          title: "Unreachable",
          description:
            "Servers that at least one gateway cannot reach: neither ready nor able to start there. Calls to them fail on that gateway.",
          unit: "none",
          queries: [query(or(count(compare(reached, "==", 0)), zero(count(reached))), "Unreachable")],
          thresholds: [{ value: 1, tone: "bad" }],
          meanings: zeroIsOk,
          whenEmpty: whyEmpty.servers,
          leadsTo: onOverview("Which servers", "servers"),
        }),
        stat({
          key: "servers-troubled",
          id: 106,
          title: "In trouble",
          description:
            "Servers that are degraded or dead: their health checks or starts fail. The table below says which.",
          unit: "none",
          queries: [query(or(count(troubled), zero(count(serverStates(board)))), "Degraded or dead")],
          thresholds: [{ value: 1, tone: "attention" }],
          meanings: zeroIsOk,
          whenEmpty: whyEmpty.servers,
          leadsTo: onOverview("Which servers", "servers"),
        }),
        stat({
          key: "breakers-open",
          id: 107,
          title: "Breakers open",
          description: "Circuit breakers that refuse every call to their server, because calls before kept failing.",
          unit: "none",
          queries: [
            query(
              or(count(compare(breakers, "==", BREAKER_STATES.indexOf("open"))), zero(count(breakers))),
              "Breakers open",
            ),
          ],
          thresholds: [{ value: 1, tone: "bad" }],
          meanings: zeroIsOk,
          whenEmpty: whyEmpty.servers,
          leadsTo: onOverview("Which servers", "servers"),
        }),
        stat({
          key: "batch-items-failing-now",
          id: 108,
          title: "Batch failures",
          description: "The share of items in batches that fail. Red is where the alert BatchHighFailureRate fires.",
          unit: "percentunit",
          queries: [query(shareOf(sum(rate(failedItems, RATE)), sum(rate(items, RATE))), "Failing items")],
          drawn: draw("percentunit", "BatchHighFailureRate"),
          whenEmpty: whyEmpty.batches,
          leadsTo: onOverview("Since when batches fail", "batch-item-failures"),
        }),
      ],
    ],
  };
}

/** The worst state of each server over the gateways. */
function serverStates({ chosen }: Board): Vector<"mcp_server", "level"> {
  return max(chosen.series(catalog.serverState), by("mcp_server"));
}
