import { catalog } from "@mcp-hangar/telemetry";
import { by, sum, topk } from "../../promql/aggregate.ts";
import { rate } from "../../promql/functions.ts";
import type { Board } from "../board.ts";
import { toServer } from "../drill-down.ts";
import type { SectionDraft } from "../layout.ts";
import { percentiles, quantileOf, query, RATE, recently, SERVED, shareOf } from "../measures.ts";
import { chart, stackedChart } from "../panels.ts";
import { whyEmpty } from "../why-empty.ts";

/** More lines than this nobody can tell apart. */
const MOST = 10;

/** How many tool calls there are, how they end and how long they take. */
export function calls({ chosen, draw }: Board): SectionDraft {
  const { toolCalls, toolCallErrors, toolCallDuration, toolCallRejections, rateLimitHits } = catalog;
  const perServer = by("mcp_server");
  const served = chosen.series(toolCalls, { status: SERVED });
  const failed = chosen.series(toolCallErrors);
  const durations = recently(chosen.buckets(toolCallDuration));
  return {
    id: 200,
    title: "Tool calls",
    rows: [
      [
        stackedChart({
          key: "calls-by-outcome",
          id: 201,
          title: "Calls by outcome",
          description:
            "Tool calls a second. Anything but success should be a thin band; rejected and cancelled are the callers' doing.",
          unit: "reqps",
          queries: [query(sum(rate(chosen.series(toolCalls), RATE), by("status")), "{{status}}")],
          drawn: draw("reqps", "HighToolCallVolume"),
          whenEmpty: whyEmpty.calls,
        }),
        chart({
          key: "failing-calls",
          id: 202,
          title: "Failing calls",
          description:
            "The share of tool calls that fail on the gateway's or a server's side. The alert HighErrorRate fires above the line.",
          unit: "percentunit",
          queries: [query(shareOf(sum(rate(failed, RATE)), sum(rate(served, RATE))), "All servers")],
          lines: "attention",
          drawn: draw("percentunit", "HighErrorRate"),
          whenEmpty: whyEmpty.calls,
        }),
        chart({
          key: "latency",
          id: 203,
          title: "Latency",
          description:
            "How long tool calls take. The lines are where the alerts HighLatencyP95 and HighLatencyP99 fire. Dots are traces.",
          unit: "s",
          queries: percentiles(sum(durations, by("le"))),
          drawn: draw("s", "HighLatencyP95", "HighLatencyP99"),
          whenEmpty: whyEmpty.calls,
        }),
      ],
      [
        chart({
          key: "calls-by-server",
          id: 204,
          title: "Calls by server",
          description: "The busiest servers. Click a line to look at that server.",
          unit: "reqps",
          queries: [query(topk(MOST, sum(rate(chosen.series(toolCalls), RATE), perServer)), "{{mcp_server}}")],
          drillDown: toServer,
          whenEmpty: whyEmpty.calls,
        }),
        chart({
          key: "failing-calls-by-server",
          id: 205,
          title: "Failing calls by server",
          description:
            "Which server the failures come from. The alert McpServerFailing fires above the line. Click to look at that server.",
          unit: "percentunit",
          drawn: draw("percentunit", "McpServerFailing"),
          queries: [
            query(
              topk(MOST, shareOf(sum(rate(failed, RATE), perServer), sum(rate(served, RATE), perServer))),
              "{{mcp_server}}",
            ),
          ],
          drillDown: toServer,
          whenEmpty: whyEmpty.calls,
        }),
        chart({
          key: "latency-by-server",
          id: 206,
          title: "P95 latency by server",
          description: "The slowest servers. Click a line to look at that server.",
          unit: "s",
          queries: [query(topk(MOST, quantileOf(0.95, sum(durations, by("mcp_server", "le")))), "{{mcp_server}}")],
          drillDown: toServer,
          whenEmpty: whyEmpty.calls,
        }),
      ],
      [
        stackedChart({
          key: "errors-by-cause",
          id: 207,
          title: "Failures by cause",
          description:
            "What goes wrong: tool_error is said by the tool itself, all others by the gateway about a server or itself.",
          unit: "reqps",
          queries: [query(sum(rate(failed, RATE), by("error_type")), "{{error_type}}")],
          whenEmpty: whyEmpty.failures,
        }),
        stackedChart({
          key: "refused-calls",
          id: 208,
          title: "Refused calls",
          description:
            "Calls that were refused because of their caller. Many rate_limited or access_denied point to one client.",
          unit: "reqps",
          queries: [query(sum(rate(chosen.series(toolCallRejections), RATE), by("reason")), "{{reason}}")],
          whenEmpty: whyEmpty.refusals,
        }),
        chart({
          key: "rate-limited-principals",
          id: 209,
          title: "Rate limit by principal",
          description: "Who runs into the rate limit most. One line far above the others is one runaway client.",
          unit: "reqps",
          queries: [query(topk(MOST, sum(rate(chosen.series(rateLimitHits), RATE), by("principal"))), "{{principal}}")],
          whenEmpty: whyEmpty.refusals,
        }),
      ],
    ],
  };
}
