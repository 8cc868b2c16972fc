import { catalog } from "@mcp-hangar/telemetry";
import type { Context } from "../context.ts";
import type { Runbook } from "../model.ts";
import { by, max, sum, topk } from "../promql/aggregate.ts";
import { runtime } from "../promql/external.ts";
import { histogramQuantile, increase, maxOverTime, rate } from "../promql/functions.ts";
import { shareBeyond } from "../promql/operators.ts";
import { complementOf, percent } from "../slo/decimal.ts";
import { log, query, see, shell } from "./look.ts";

const { toolCallDuration: duration } = catalog;

/** How long tool calls take: usually, at worst, and those of one tool. */
export function latency(context: Context): readonly Runbook[] {
  return [usual(context), worst(context), ofOneTool(context)];
}

function usual({ options, rules }: Context): Runbook {
  const { quantile, limit, window } = options.alerts.HighLatencyP95;
  const perServer = by("mcp_server");
  const within = sum(rate(rules.bucketUpTo(duration, limit), window), perServer);
  const all = sum(rate(rules.observations(duration), window), perServer);
  return {
    alert: "MCPHangarHighLatencyP95",
    meaning: `More than ${percent(complementOf(quantile))} % of all tool calls took longer than ${limit} s over ${window}, so the ${percent(quantile)}th percentile is above ${limit} s.`,
    impact: `Agents wait. Waiting in the gateway and cold starts are part of the time. The latency SLO loses budget.`,
    confirm: [
      {
        question: `Which share of each server's calls is slower than ${limit} s?`,
        look: query(shareBeyond(within, all)),
      },
      { question: "How many calls does each server get? A busy server moves the whole.", look: query(all) },
    ],
    causes: [
      {
        cause: "A server has become slow",
        look: shell("time mcp-hangar call SERVER TOOL --args '{}' --config config.yaml"),
        sign: "One server has nearly all slow calls. A copy of it that this command starts beside the gateway is as slow.",
        mend: "Tell its owner: its own dependencies or its machine. A release of it just before: roll it back.",
      },
      {
        cause: "Calls wait for a slot",
        look: shell("mcp-hangar status"),
        sign: "IN FLIGHT of the server equals its `max_concurrency`, while the server alone answers quickly.",
        mend: "Raise `max_concurrency` if the server can bear it, or `execution.max_concurrency` when all servers together reach it.",
      },
      {
        cause: "Servers are started for many calls",
        look: query(sum(rate(rules.series(catalog.serverStarts), window), by("mcp_server", "result"))),
        sign: "Starts about as frequent as slow calls.",
        mend: `A longer \`idle_ttl_s\`; for crashes follow ${see("FrequentColdStarts")}.`,
      },
      {
        cause: "The gateway is out of breath",
        look: query(max(rules.series(runtime.eventLoopLagP99), by("instance"))),
        sign: "All servers are slow at once, and the lag of the event loop is above 0.1 s.",
        mend: `Follow ${see("HighCPUUsage")}.`,
      },
    ],
    actions: ["Find the server with the slow calls; if it is one, the case belongs to its owner."],
    escalate: "All servers are slow and the gateway's CPU is idle: wake the owner of the network or the platform.",
    resolves: `When fewer calls than the limit are slow, over ${window}. Without any calls it resolves too.`,
  };
}

function worst({ options, rules }: Context): Runbook {
  const { quantile, limit, window } = options.alerts.HighLatencyP99;
  const perTool = by("mcp_server", "tool");
  const within = sum(rate(rules.bucketUpTo(duration, limit), window), perTool);
  const all = sum(rate(rules.observations(duration), window), perTool);
  const timedOut = sum(rate(rules.series(catalog.toolCalls, { status: "timeout" }), window), perTool);
  const toRemotes = sum(rate(rules.buckets(catalog.httpRequestDuration), window), by("mcp_server", "le"));
  return {
    alert: "MCPHangarHighLatencyP99",
    meaning: `More than one call in ${Math.round(1 / complementOf(quantile))} took longer than ${limit} s over ${window}.`,
    impact: `Most calls are fine; a few agents wait long. ${see("HighLatencyP95")} fires when it is no longer a few.`,
    confirm: [
      { question: "Which tools have the slow calls?", look: query(topk(10, shareBeyond(within, all))) },
      {
        question: "How slow are requests to remote servers at worst?",
        look: query(histogramQuantile(quantile, toRemotes)),
      },
    ],
    causes: [
      {
        cause: "Calls hang until their deadline",
        look: query(topk(10, timedOut)),
        sign: "The tools of the first query are here too: their slow calls never finish.",
        mend: "Tell the owner of the server. A shorter `call_timeout_s` frees agents and slots sooner.",
      },
      {
        cause: "The first call after a pause starts the server",
        look: shell(`jq -c 'select(.cold_start) | [.timestamp, .mcp_server, .tool, .duration_ms]' gateway.log | tail`),
        sign: "The slow calls of the log are cold starts.",
        mend: "A longer `idle_ttl_s` for servers that are used all day.",
      },
      {
        cause: "The gateway pauses",
        look: query(maxOverTime(rules.series(runtime.eventLoopLagMax), window)),
        sign: "Pauses of seconds; calls of all servers are slow at the same moments.",
        mend: `Look at ${see("HighMemoryUsage")} (garbage collection) and ${see("HighCPUUsage")}.`,
      },
      {
        cause: "A few calls are meant to be slow",
        look: log(["tool_invoked", "tool_timed_out"], "mcp_server", "tool", "duration_ms"),
        sign: "Always the same tool, and it succeeds.",
        mend: "Raise the limit of this alert to what the tool needs.",
      },
    ],
    actions: ["Take the first tool of the first query and follow its cause; the others are often the same."],
    escalate: "Not at night, unless users complain.",
    resolves: `When at most ${percent(complementOf(quantile))} % of the calls of ${window} are slow.`,
  };
}

function ofOneTool({ options, rules }: Context): Runbook {
  const { quantile, limit, window } = options.alerts.HighLatencyByTool;
  const perTool = by("mcp_server", "tool");
  const inBuckets = sum(rate(rules.buckets(duration), window), by("mcp_server", "tool", "le"));
  return {
    alert: "MCPHangarHighLatencyByTool",
    meaning: `The tool in the alert took longer than ${limit} s in more than ${percent(complementOf(quantile))} % of its calls over ${window}.`,
    impact: "Agents that use this tool wait; its calls hold slots that other tools of the same server need.",
    confirm: [
      {
        question: "How slow are the slowest tools, in seconds?",
        look: query(topk(10, histogramQuantile(quantile, inBuckets))),
      },
      {
        question: "How many calls is that? Of a handful of calls, one slow one is enough for this alert.",
        look: query(sum(increase(rules.observations(duration), window), perTool)),
      },
    ],
    causes: [
      {
        cause: "The tool does more work than usual, or waits for something else",
        look: shell("time mcp-hangar call SERVER TOOL --args '{}'"),
        sign: "Other tools of the server are fast, this one is slow by hand too.",
        mend: "Tell its owner, with the time and the arguments.",
      },
      {
        cause: "The whole server is slow or full",
        look: shell("mcp-hangar status"),
        sign: "All its tools are slow; IN FLIGHT may be at its `max_concurrency`.",
        mend: `Follow ${see("HighLatencyP95")}.`,
      },
      {
        cause: "A remote server or the way to it is slow",
        look: query(
          histogramQuantile(
            quantile,
            sum(rate(rules.buckets(catalog.httpRequestDuration), window), by("mcp_server", "le")),
          ),
        ),
        sign: "The time of its HTTP requests is the time of its calls.",
        mend: "Compare with the server's own metrics: if it is fast there, it is the network or a proxy.",
      },
      {
        cause: "It is meant to be slow",
        look: log("tool_invoked", "mcp_server", "tool", "duration_ms"),
        sign: "It has always been like this, and it succeeds.",
        mend: "Raise the limit of this alert, or let the tool do its work in the background.",
      },
    ],
    actions: ["Tell the owner of the server which tool, since when and how slow: all three are in the first query."],
    escalate: "Not at night, unless it is the tool that everything depends on.",
    resolves: `When the tool is fast again, or is not called for ${window}.`,
  };
}
