import { catalog } from "@mcp-hangar/telemetry";
import type { Context } from "../context.ts";
import type { Runbook } from "../model.ts";
import { by, sum, topk } from "../promql/aggregate.ts";
import { rate } from "../promql/functions.ts";
import { anyOf } from "../promql/select.ts";
import { percent } from "../slo/decimal.ts";
import { log, query, see, shell } from "./look.ts";

/** Requests of MCP clients other than tool calls. */
export function requests({ options, rules }: Context): readonly Runbook[] {
  const setting = options.alerts.HighRequestErrorRate;
  const failed = rate(rules.series(catalog.requests, { status: anyOf("error", "timeout") }), setting.window);
  return [
    {
      alert: "MCPHangarHighRequestErrorRate",
      meaning: `For ${setting.for}, more than ${percent(setting.share)} % of the requests of one method failed over ${setting.window}, at least ${setting.minimum} of them, through the gateway or the server behind it.`,
      impact:
        "Agents do not get the resources, prompts or lists that they ask for. Tool calls are counted elsewhere and may be fine.",
      confirm: [
        {
          question: "Which requests fail, and of which server? An empty server stands for all of them together.",
          look: query(topk(10, sum(failed, by("mcp_server", "method", "status")))),
        },
        {
          question: "Of how many?",
          look: query(sum(rate(rules.series(catalog.requests), setting.window), by("method", "status"))),
        },
      ],
      causes: [
        {
          cause: "A server is down",
          look: shell("mcp-hangar status"),
          sign: "It is `dead` or `degraded`, or its breaker is open.",
          mend: `Follow ${see("McpServerDead")}, ${see("CircuitBreakerTripped")} or, for a remote one, ${see("RemoteServerUnreachable")}.`,
        },
        {
          cause: "The server answers with errors",
          look: log("request_finished", "mcp_server", "method", "subject", "error_type", "message"),
          sign: "`upstream_error`: the message is the server's own, the subject what was asked for.",
          mend: "One subject: it is gone, and a client keeps asking for it. Many: tell the owner of the server.",
        },
        {
          cause: "Requests run into their deadline",
          sign: "`timeout`.",
          mend: "Raise `call_timeout_s` only if what is read takes that long; otherwise the server is slow.",
        },
        {
          cause: "The audit trail cannot be written",
          sign: "`audit_unavailable`: nothing of these requests was sent to a server.",
          mend: "Make room or bring its target back; the message says which.",
        },
      ],
      actions: ["Find out whether one server or all are affected; one server is its owner's case."],
      escalate: "Not at night, unless agents cannot work without what they ask for.",
      resolves: `When the share is below the limit, at most ${setting.window} after the last failure.`,
    },
  ];
}
