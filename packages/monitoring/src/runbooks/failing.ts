import { catalog } from "@mcp-hangar/telemetry";
import type { Context } from "../context.ts";
import type { Runbook } from "../model.ts";
import { by, sum, topk } from "../promql/aggregate.ts";
import { increase, rate } from "../promql/functions.ts";
import { share } from "../promql/operators.ts";
import { anyOf } from "../promql/select.ts";
import { percent } from "../slo/decimal.ts";
import { log, query, see, shell } from "./look.ts";

const SERVED = anyOf("success", "error", "timeout");

/** One server, one tool or one gateway that fails while all together look well. */
export function failing(context: Context): readonly Runbook[] {
  return [server(context), tool(context), gateway(context)];
}

function server({ options, rules }: Context): Runbook {
  const { share: limit, minimum, window } = options.alerts.McpServerFailing;
  const failed = increase(rules.series(catalog.toolCallErrors), window);
  return {
    alert: "MCPHangarMcpServerFailing",
    meaning: `More than ${percent(limit)} % of the calls to the server in the alert failed over ${window}, at least ${minimum} of them.`,
    impact: "For agents this server is as good as down, though it may answer its health checks and be called ready.",
    confirm: [
      {
        question: "Which of its tools fail, and how?",
        look: query(topk(10, sum(failed, by("mcp_server", "tool", "error_type")))),
      },
    ],
    causes: [
      {
        cause: "What it works with is gone",
        look: log("tool_failed", "mcp_server", "tool", "error_type", "message"),
        sign: "`tool_error` or `upstream_error` with a message about a database, an address or a certificate.",
        mend: "Repair that, or tell the server's owner. A restart of the server does not help here.",
      },
      {
        cause: "Its credentials have run out",
        sign: "`upstream_auth`, or a message that speaks of a token, a key or a permission.",
        mend: "Renew them where the server gets them: `env`, `headers` or `auth` of its configuration.",
      },
      {
        cause: "A release of it is broken",
        look: query(sum(increase(rules.series(catalog.toolDefinitionsChanged), "6h"), by("mcp_server", "change"))),
        sign: "Its tools changed shortly before the first failure.",
        mend: "Roll it back.",
      },
      {
        cause: "It is down after all",
        look: shell("mcp-hangar status"),
        sign: "`connection`, `start_failed` or `circuit_open`.",
        mend: `Follow ${see("McpServerDead")} or ${see("CircuitBreakerTripped")}.`,
      },
    ],
    actions: ["Tell the server's owner, with the messages from the log.", "`tools.deny` hides the tools that fail."],
    escalate: "Agents cannot work without this server and its owner does not answer.",
    resolves: `When less than ${percent(limit)} % of the calls of ${window} failed, or ${window} after the last call.`,
  };
}

function tool({ options, rules }: Context): Runbook {
  const { share: limit, minimum, window } = options.alerts.ToolFailing;
  const failed = increase(rules.series(catalog.toolCallErrors), window);
  return {
    alert: "MCPHangarToolFailing",
    meaning: `More than ${percent(limit)} % of the calls of the tool in the alert failed over ${window}, at least ${minimum} of them: in effect every call.`,
    impact: "Agents that need this tool try again, or go on without its result. Other tools of the server may work.",
    confirm: [{ question: "How does it fail?", look: query(sum(failed, by("mcp_server", "tool", "error_type"))) }],
    causes: [
      {
        cause: "The tool is broken",
        look: log("tool_failed", "mcp_server", "tool", "message"),
        sign: "The message is about the tool's own work.",
        mend: "Tell the server's owner; `tools.deny` hides the tool until it works.",
      },
      {
        cause: "Agents call it wrongly",
        sign: "The messages complain about arguments, and come from one caller.",
        mend: "Compare its definition in `/api/mcp_servers/SERVER` with what the server takes: agents follow the definition. If it is right, tell the agent's owner.",
      },
      {
        cause: "It hangs",
        sign: "Its errors are `timeout`.",
        mend: `Follow ${see("HighLatencyByTool")}.`,
      },
    ],
    actions: ["Tell the server's owner. Nothing of the gateway needs to be done at night."],
    escalate: "The tool is one that agents cannot do without.",
    resolves: `With the first calls that succeed, or ${window} after the last call.`,
  };
}

function gateway({ options, rules }: Context): Runbook {
  const { share: limit, minimum, window } = options.alerts.GatewayFailing;
  const failed = sum(rate(rules.series(catalog.toolCallErrors), window), by("instance"));
  const served = sum(rate(rules.series(catalog.toolCalls, { status: SERVED }), window), by("instance"));
  return {
    alert: "MCPHangarGatewayFailing",
    meaning: `More than ${percent(limit)} % of the tool calls through the gateway in the alert failed over ${window}, at least ${minimum} of them.`,
    impact: "Clients that a load balancer sends to this gateway get errors; those that it sends elsewhere do not.",
    confirm: [
      { question: "Do the other gateways do better?", look: query(share(failed, served)) },
      {
        question: "Which servers fail there?",
        look: query(
          topk(10, sum(rate(rules.series(catalog.toolCallErrors), window), by("instance", "mcp_server", "error_type"))),
        ),
      },
    ],
    causes: [
      {
        cause: "Its host cannot reach the servers",
        sign: "`connection` or `timeout` of remote servers, on this gateway only.",
        mend: "Look at network, DNS, proxy and clock of the host.",
      },
      {
        cause: "Its servers do not start there",
        look: log("mcp_server_start_failed", "mcp_server", "diagnosis"),
        sign: "`start_failed`: a command, an image or memory is missing on this host.",
        mend: "Do what the diagnosis says.",
      },
      {
        cause: "It has another configuration or version than the others",
        look: query(rules.series(catalog.buildInfo)),
        sign: "Another version, or a reload that failed there.",
        mend: `Bring it to the state of the others; see ${see("ConfigReloadFailed")}.`,
      },
    ],
    actions: ["Take it out of the load balancer, if there are others.", "Restart it once you have its log."],
    escalate: "It fails again after a restart, or the others begin to.",
    resolves: `When the share is below the limit, at most ${window} after the last failure.`,
  };
}
