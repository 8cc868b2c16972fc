import { catalog } from "@mcp-hangar/telemetry";
import { by, max, sum, topk } from "../../promql/aggregate.ts";
import { rate } from "../../promql/functions.ts";
import { compare } from "../../promql/operators.ts";
import type { Board } from "../board.ts";
import { toServer } from "../drill-down.ts";
import type { PanelDraft, SectionDraft } from "../layout.ts";
import { quantileOf, query, RATE, reachable, recently, SERVED, shareOf } from "../measures.ts";
import type { Query } from "../model.ts";
import { chart, stackedChart, table, timeline } from "../panels.ts";
import { breakerStates, flag, serverStates } from "../tones.ts";
import { whyEmpty } from "../why-empty.ts";

const perServer = by("mcp_server");

/** Which servers there are and how they are. */
export function fleet(board: Board): SectionDraft {
  return { id: 300, title: "Servers", rows: [[serverTable(board)]] };
}

/** How servers are over time, and how often they start. */
export function fleetLife({ chosen, draw }: Board): SectionDraft {
  const { serverState, serverStarts, serverStops, serverColdStart, serverColdStartInProgress } = catalog;
  const { healthChecks, healthCheckDuration } = catalog;
  const checkDurations = recently(chosen.buckets(healthCheckDuration));
  const startDurations = recently(chosen.buckets(serverColdStart));
  return {
    id: 310,
    title: "States, health checks and starts",
    folded: true,
    rows: [
      [
        timeline({
          key: "server-states",
          id: 302,
          title: "States",
          description: "The state of each server over time. Cold is normal: a server starts when it is called.",
          unit: "none",
          queries: [query(max(chosen.series(serverState), perServer), "{{mcp_server}}")],
          meanings: serverStates,
          drillDown: toServer,
          whenEmpty: whyEmpty.servers,
        }),
        stackedChart({
          key: "health-checks",
          id: 303,
          title: "Health checks",
          description:
            "Results of health checks. Skipped means that there was nothing to probe, such as a cold server.",
          unit: "ops",
          queries: [query(sum(rate(chosen.series(healthChecks), RATE), by("result")), "{{result}}")],
          width: 6,
          whenEmpty: whyEmpty.checks,
        }),
        chart({
          key: "health-check-duration",
          id: 304,
          title: "P95 health check",
          description:
            "The slowest health checks. Click a line to look at the server, where the limit of HealthCheckSlow is drawn too.",
          unit: "s",
          queries: [query(topk(10, quantileOf(0.95, sum(checkDurations, by("mcp_server", "le")))), "{{mcp_server}}")],
          drawn: draw("s", "HealthCheckSlow"),
          drillDown: toServer,
          width: 6,
          whenEmpty: whyEmpty.checks,
        }),
      ],
      [
        chart({
          key: "starts",
          id: 305,
          title: "Starts by server",
          description:
            "How often servers start. Above the line a server is started again and again: it crashes, or its idle time is too short.",
          unit: "cps",
          queries: [query(topk(10, sum(rate(chosen.series(serverStarts), RATE), perServer)), "{{mcp_server}}")],
          drawn: draw("cps", "FrequentColdStarts"),
          drillDown: toServer,
          width: 6,
          whenEmpty: whyEmpty.servers,
        }),
        stackedChart({
          key: "start-results",
          id: 306,
          title: "Starts by result",
          description: "Failed starts make callers wait and then fail. The details of a server say which one it is.",
          unit: "cps",
          queries: [query(sum(rate(chosen.series(serverStarts), RATE), by("result")), "{{result}}")],
          width: 6,
          whenEmpty: whyEmpty.servers,
        }),
        stackedChart({
          key: "stops",
          id: 307,
          title: "Stops by reason",
          description: "Why servers stop. Idle is normal, crashed is not.",
          unit: "cps",
          queries: [query(sum(rate(chosen.series(serverStops), RATE), by("reason")), "{{reason}}")],
          width: 6,
          whenEmpty: whyEmpty.servers,
        }),
        chart({
          key: "cold-starts",
          id: 308,
          title: "P95 cold start",
          description: "How long a caller waits for a server that has to start first, and how many are starting now.",
          unit: "s",
          queries: [
            query(quantileOf(0.95, sum(startDurations, by("le"))), "P95"),
            query(quantileOf(0.5, sum(startDurations, by("le"))), "P50"),
          ],
          width: 3,
          whenEmpty: whyEmpty.starts,
        }),
        chart({
          key: "starting-now",
          id: 309,
          title: "Starting now",
          description:
            "Servers that are starting, on one gateway or several. A line that stays up is a start that hangs.",
          unit: "none",
          queries: [query(sum(max(chosen.series(serverColdStartInProgress), perServer)), "Starting")],
          width: 3,
          whenEmpty: whyEmpty.servers,
        }),
      ],
    ],
  };
}

/** One row a server, worst news in colour; a click leads to its details. */
function serverTable({ chosen, draw }: Board): PanelDraft {
  const { serverState, serverUp, serverInitialized, serverInfo, circuitBreakerState } = catalog;
  const served = sum(rate(chosen.series(catalog.toolCalls, { status: SERVED }), RATE), perServer);
  const failed = sum(rate(chosen.series(catalog.toolCallErrors), RATE), perServer);
  const durations = sum(recently(chosen.buckets(catalog.toolCallDuration)), by("mcp_server", "le"));
  const failures = max(chosen.series(catalog.healthCheckConsecutiveFailures), perServer);
  const columns: readonly Query[] = [
    {
      expr: max(chosen.series(serverInfo), by("mcp_server", "mode", "group")),
      legend: "Configured",
    },
    {
      expr: max(chosen.series(serverState), perServer),
      legend: "State",
      column: { title: "State", unit: "none", meanings: serverStates },
    },
    {
      expr: reachable(chosen.series(serverUp)),
      legend: "Reachable",
      column: { title: "Reachable", unit: "bool_yes_no", meanings: flag("yes", "no") },
    },
    {
      expr: max(chosen.series(circuitBreakerState), perServer),
      legend: "Breaker",
      column: { title: "Breaker", unit: "none", meanings: breakerStates },
    },
    {
      expr: failures,
      legend: "Failures in a row",
      column: {
        title: "Failures in a row",
        unit: "none",
        thresholds: draw("short", "HighConsecutiveFailures", "ProviderUnhealthy").thresholds,
      },
    },
    { expr: compare(served, ">", 0), legend: "Calls", column: { title: "Calls", unit: "reqps" } },
    {
      expr: shareOf(failed, served),
      legend: "Failing",
      column: { title: "Failing", unit: "percentunit", thresholds: draw("percentunit", "HighErrorRate").thresholds },
    },
    {
      expr: quantileOf(0.95, durations),
      legend: "P95",
      column: { title: "P95", unit: "s", thresholds: draw("s", "HighLatencyP95").thresholds },
    },
    {
      expr: max(chosen.series(serverInitialized), perServer),
      legend: "Used",
      column: {
        title: "Used since start",
        unit: "bool_yes_no",
        meanings: [
          { value: 0, text: "no", tone: "neutral" },
          { value: 1, text: "yes", tone: "neutral" },
        ],
      },
    },
  ];
  return table({
    key: "servers",
    id: 301,
    title: "Servers",
    description:
      "Every server with what matters about it: where gateways differ, the worst of them. Red first; click a name to look at that server.",
    unit: "none",
    queries: columns,
    worstFirst: "State",
    drillDown: toServer,
    whenEmpty: whyEmpty.servers,
  });
}
