import { catalog } from "@mcp-hangar/telemetry";
import { by, sum, topk } from "../../promql/aggregate.ts";
import { increase, rate } from "../../promql/functions.ts";
import { compare } from "../../promql/operators.ts";
import type { Board } from "../board.ts";
import { toTool } from "../drill-down.ts";
import type { PanelDraft, SectionDraft } from "../layout.ts";
import { percentiles, quantileOf, query, RATE, recently, SERVED, shareOf } from "../measures.ts";
import { chart, heatmap, stackedChart, table } from "../panels.ts";
import { whyEmpty } from "../why-empty.ts";
import { ofServer, ofTool } from "./choice.ts";

const perTool = by("mcp_server", "tool");
const LEGEND = "{{mcp_server}} / {{tool}}";
/** More lines than this nobody can tell apart. */
const MOST = 15;

/** The tools of a server: how often they are called, how often they fail, how long they take. */
export function tools(board: Board): SectionDraft {
  const { chosen, draw } = board;
  const { toolCalls, toolCallErrors, toolCallDuration, toolCallRejections } = catalog;
  const served = sum(rate(chosen.series(toolCalls, { ...ofTool, status: SERVED }), RATE), perTool);
  const failed = sum(rate(chosen.series(toolCallErrors, ofTool), RATE), perTool);
  const durations = recently(chosen.buckets(toolCallDuration, ofTool));
  const refused = chosen.series(toolCallRejections, ofServer);
  return {
    id: 200,
    title: "Tools",
    rows: [
      [toolTable(board)],
      [
        chart({
          key: "calls-by-tool",
          id: 202,
          title: "Calls by tool",
          description: "The most called tools. Click a line to look at that tool alone.",
          unit: "reqps",
          queries: [query(topk(MOST, sum(rate(chosen.series(toolCalls, ofTool), RATE), perTool)), LEGEND)],
          drillDown: toTool,
          whenEmpty: whyEmpty.calls,
        }),
        chart({
          key: "failing-by-tool",
          id: 203,
          title: "Failing calls by tool",
          description:
            "Which tool the failures come from. The lines are where McpServerFailing, of all tools together, and ToolFailing fire. Click to look at that tool alone.",
          unit: "percentunit",
          drawn: draw("percentunit", "McpServerFailing", "ToolFailing"),
          queries: [query(topk(MOST, shareOf(failed, served)), LEGEND)],
          drillDown: toTool,
          whenEmpty: whyEmpty.calls,
        }),
        chart({
          key: "latency-by-tool",
          id: 204,
          title: "P95 latency by tool",
          description:
            "The slowest tools. The alert HighLatencyByTool fires above the line. Click to look at that tool alone.",
          unit: "s",
          queries: [query(topk(MOST, quantileOf(0.95, sum(durations, by("mcp_server", "tool", "le")))), LEGEND)],
          drawn: draw("s", "HighLatencyByTool"),
          drillDown: toTool,
          whenEmpty: whyEmpty.calls,
        }),
      ],
      [
        stackedChart({
          key: "calls-by-outcome",
          id: 205,
          title: "Calls by outcome",
          description: "How the calls end. Timeouts mean that the server hangs, errors that it answers with failure.",
          unit: "reqps",
          queries: [query(sum(rate(chosen.series(toolCalls, ofTool), RATE), by("status")), "{{status}}")],
          whenEmpty: whyEmpty.calls,
        }),
        stackedChart({
          key: "errors-by-type",
          id: 206,
          title: "Failures by cause",
          description:
            "What goes wrong. connection and start_failed: the server is gone; protocol: it answers nonsense; overloaded: it is full; upstream_rejected and upstream_auth: it refuses the request or the credentials.",
          unit: "reqps",
          queries: [query(sum(rate(chosen.series(toolCallErrors, ofTool), RATE), by("error_type")), "{{error_type}}")],
          whenEmpty: whyEmpty.failures,
        }),
        stackedChart({
          key: "refused-calls",
          id: 207,
          title: "Refused calls",
          description: "Calls to the chosen servers that were refused because of their caller.",
          unit: "reqps",
          queries: [query(sum(rate(refused, RATE), by("reason")), "{{reason}}")],
          whenEmpty: whyEmpty.refusals,
        }),
      ],
      [
        heatmap({
          key: "latency-heatmap",
          id: 208,
          title: "Latency",
          description:
            "Each column is a moment, brighter where more calls took that long. Two bands are two kinds of calls.",
          unit: "s",
          queries: [query(sum(increase(chosen.buckets(toolCallDuration, ofTool), RATE), by("le")), "{{le}}")],
          whenEmpty: whyEmpty.calls,
        }),
        chart({
          key: "latency",
          id: 209,
          title: "Latency percentiles",
          description: "How long the calls take. Dots are traces: click one to see where the time goes.",
          unit: "s",
          queries: percentiles(sum(durations, by("le"))),
          drawn: draw("s", "HighLatencyByTool"),
          width: 12,
          whenEmpty: whyEmpty.calls,
        }),
      ],
    ],
  };
}

/** One row a tool; a click shows it alone. */
function toolTable({ chosen, draw }: Board): PanelDraft {
  const served = sum(rate(chosen.series(catalog.toolCalls, { ...ofTool, status: SERVED }), RATE), perTool);
  const failed = sum(rate(chosen.series(catalog.toolCallErrors, ofTool), RATE), perTool);
  const durations = sum(recently(chosen.buckets(catalog.toolCallDuration, ofTool)), by("mcp_server", "tool", "le"));
  return table({
    key: "tools",
    id: 201,
    title: "Tools",
    description: "Every tool that is being called, with how it does. Click a name to look at that tool alone.",
    unit: "none",
    queries: [
      { expr: compare(served, ">", 0), legend: "Calls", column: { title: "Calls", unit: "reqps" } },
      {
        expr: shareOf(failed, served),
        legend: "Failing",
        column: { title: "Failing", unit: "percentunit", thresholds: draw("percentunit", "HighErrorRate").thresholds },
      },
      { expr: quantileOf(0.5, durations), legend: "P50", column: { title: "P50", unit: "s" } },
      {
        expr: quantileOf(0.95, durations),
        legend: "P95",
        column: { title: "P95", unit: "s", thresholds: draw("s", "HighLatencyByTool").thresholds },
      },
    ],
    drillDown: toTool,
    worstFirst: "Failing",
    whenEmpty: whyEmpty.calls,
  });
}
