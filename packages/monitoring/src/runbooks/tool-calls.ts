import { catalog } from "@mcp-hangar/telemetry";
import type { Context } from "../context.ts";
import type { Runbook } from "../model.ts";
import { by, sum, topk } from "../promql/aggregate.ts";
import { rate } from "../promql/functions.ts";
import { anyOf } from "../promql/select.ts";
import { percent } from "../slo/decimal.ts";
import { log, query, see, shell } from "./look.ts";

/** How many tool calls there are and how many fail; how long they take has a file of its own. */
export function toolCalls(context: Context): readonly Runbook[] {
  return [errorRate(context), volume(context)];
}

function errorRate({ options, rules }: Context): Runbook {
  const setting = options.alerts.HighErrorRate;
  const failed = rate(rules.series(catalog.toolCallErrors), setting.window);
  const served = rules.series(catalog.toolCalls, { status: anyOf("success", "error", "timeout") });
  return {
    alert: "MCPHangarHighErrorRate",
    meaning: `Over ${setting.window}, more than ${percent(setting.share)} % of all tool calls failed, at least ${setting.minimum} of them, through the gateway or the server behind it.`,
    impact:
      "Agents get errors instead of results. Calls that were refused because of the caller, and cancelled ones, are not counted.",
    confirm: [
      {
        question: "What fails, and where? The greatest line is the cause to follow.",
        look: query(topk(10, sum(failed, by("mcp_server", "error_type")))),
      },
      {
        question: "Of how many calls? A busy server that fails moves the whole; a quiet one does not.",
        look: query(sum(rate(served, setting.window), by("mcp_server"))),
      },
    ],
    causes: [
      {
        cause: "A server is down",
        look: shell("mcp-hangar status"),
        sign: "`connection`, `start_failed` or `circuit_open`; the server is `dead` or `degraded`, or its breaker is open.",
        mend: `Follow ${see("McpServerDead")}, ${see("CircuitBreakerTripped")} or, for a remote one, ${see("RemoteServerUnreachable")}.`,
      },
      {
        cause: "The tool itself fails",
        look: log("tool_failed", "mcp_server", "tool", "error_type", "message"),
        sign: "`tool_error` (the tool said so) or `upstream_error` (the server answered with an error). The message is the server's own.",
        mend: "Tell the owner of the server. A release of it just before the first failure: roll it back. `tools.deny` hides the tool meanwhile.",
      },
      {
        cause: "The server refuses the requests or the credentials",
        sign: "`upstream_rejected` (HTTP 4xx: it is alive and does not want this request) or `upstream_auth` (HTTP 401, 403 or 407).",
        mend: "`upstream_rejected`: the message has the status; callers send what the server does not take. `upstream_auth`: renew the credentials under `auth` or `headers` of the server, or give them the scope that the tool needs.",
      },
      {
        cause: "Calls run into their deadline",
        look: log("tool_timed_out", "mcp_server", "tool", "duration_ms"),
        sign: "`timeout`.",
        mend: `Follow ${see("HighLatencyByTool")}. Raise \`call_timeout_s\` only if the tool is meant to take longer.`,
      },
      {
        cause: "More calls than there are slots",
        sign: "`overloaded`. The message speaks of calls waiting if the limit is ours, of HTTP 429 if it is the server's.",
        mend: "Ours: raise `max_concurrency` of the server, or `execution.max_concurrency`. The server's: lower them. Either way turn on `rate_limit.enabled` against a single greedy caller.",
      },
      {
        cause:
          "The server and the gateway do not understand each other, the audit trail cannot be written, or the gateway is broken",
        sign: "`protocol`, `audit_unavailable` or `internal`.",
        mend: "`protocol` after an upgrade of the server: roll it back. `audit_unavailable`: make the journal writable again (space, permissions, its receiver); nothing of these calls was sent. `internal` is a defect of MCP Hangar: report it with the lines of the log.",
      },
    ],
    actions: [
      "Find out whether one server or all are affected; one server is its owner's case.",
      "All at once: look at the gateway's host (network, DNS, disk, memory), then restart the gateway.",
    ],
    escalate: "All servers fail and a restart does not help, or the error type is `internal`.",
    resolves: `When the share is below the limit, at most ${setting.window} after the last failure.`,
  };
}

function volume({ options, rules }: Context): Runbook {
  const setting = options.alerts.HighToolCallVolume;
  const calls = rate(rules.series(catalog.toolCalls), setting.window);
  return {
    alert: "MCPHangarHighToolCallVolume",
    meaning: `There were more than ${setting.perSecond} tool calls a second over ${setting.window}.`,
    impact: "None by itself. Queues, latency and the load of the servers grow with it.",
    confirm: [
      { question: "Which tools are called?", look: query(topk(10, sum(calls, by("mcp_server", "tool")))) },
      {
        question: "How do the calls end? Retries after failures show as errors, loops of an agent mostly as successes.",
        look: query(sum(calls, by("status"))),
      },
    ],
    causes: [
      {
        cause: "One caller is in a loop",
        look: shell(
          `jq -r 'select(.event == "tool_invoked") | [.caller, .session, .tool] | join(" ")' gateway.log |`,
          "  tail -n 20000 | sort | uniq -c | sort -rn | head",
        ),
        sign: "One session makes most of the calls, always to the same tool.",
        mend: "Stop that agent. Turn on `rate_limit.enabled` with `rate_limit.requests_per_second`, so that it cannot happen again.",
      },
      {
        cause: "Failures are retried",
        sign: "`error` and `timeout` grow with the calls.",
        mend: `Follow ${see("HighErrorRate")}.`,
      },
      {
        cause: "There is simply more work",
        sign: "Many sessions, many tools, no failures.",
        mend: "Raise the threshold of this alert, and plan for the load.",
      },
    ],
    actions: [`Nothing, unless ${see("HighLatencyP95")} or ${see("HighCPUUsage")} fire as well.`],
    escalate: "Not at night.",
    resolves: "When the rate is below the threshold.",
  };
}
