import { catalog } from "@mcp-hangar/telemetry";
import type { Context } from "../context.ts";
import { alertRule, type When, when } from "../define.ts";
import type { AlertRule, Topic } from "../model.ts";
import { type By, by, sum } from "../promql/aggregate.ts";
import { increase, rate } from "../promql/functions.ts";
import { share } from "../promql/operators.ts";
import { anyOf, type SeriesLabel } from "../promql/select.ts";
import type { Vector } from "../promql/vector.ts";
import type { EventShareAlert } from "../settings/alerts.ts";
import { percent } from "../slo/decimal.ts";
import { label, text, value } from "../template.ts";
import { atLeastOf } from "./at-least-of.ts";

const { toolCalls: calls, toolCallErrors: errors } = catalog;

/**
 * Who fails, where a share of all calls does not tell: one server of fifty, one tool, or one of several gateways. Health
 * checks may pass all the while, for a server that answers pings can still fail every call.
 */
export function failing(context: Context): Topic {
  return { name: "failing", recordingRules: [], alerts: [server(context), tool(context), gateway(context)] };
}

function server(context: Context): AlertRule {
  const setting = context.options.alerts.McpServerFailing;
  return alertRule({
    alert: "McpServerFailing",
    setting,
    ...failingShare(context, setting, by("job", "mcp_server")),
    summary: text`${value("percentage")} of the calls to ${label("mcp_server")} fail`,
    description: text`Over ${setting.window}, ${value("percentage")} of the tool calls to ${label("mcp_server")} (${label("job")}) failed; the limit is ${percent(setting.share)} %. Its health checks may pass.`,
    dashboard: { uid: "mcp-hangar-mcp-server-details", variables: ["mcp_server"] },
  });
}

function tool(context: Context): AlertRule {
  const setting = context.options.alerts.ToolFailing;
  return alertRule({
    alert: "ToolFailing",
    setting,
    ...failingShare(context, setting, by("job", "mcp_server", "tool")),
    summary: text`The tool ${label("tool")} of ${label("mcp_server")} fails`,
    description: text`Over ${setting.window}, ${value("percentage")} of the calls of ${label("mcp_server")}/${label("tool")} (${label("job")}) failed; the limit is ${percent(setting.share)} %. Other tools of this server may work.`,
    dashboard: { uid: "mcp-hangar-mcp-server-details", variables: ["mcp_server", "tool"] },
  });
}

function gateway(context: Context): AlertRule {
  const setting = context.options.alerts.GatewayFailing;
  return alertRule({
    alert: "GatewayFailing",
    setting,
    ...failingShare(context, setting, by("job", "instance")),
    summary: text`${value("percentage")} of the tool calls of the gateway ${label("instance")} fail`,
    description: text`Over ${setting.window}, ${value("percentage")} of the tool calls through ${label("instance")} (${label("job")}) failed; the limit is ${percent(setting.share)} %. If other gateways of the job do better, it is this one.`,
    dashboard: { uid: "mcp-hangar-overview" },
  });
}

/** The share of the calls that fail, of all that agree in the labels kept, and that enough of them did. */
function failingShare<Kept extends SeriesLabel<typeof calls> & SeriesLabel<typeof errors>>(
  { rules }: Context,
  setting: EventShareAlert,
  kept: By<Kept>,
): ReturnType<typeof atLeastOf<Kept>> {
  const failed = sum(rate(rules.series(errors), setting.window), kept);
  const served = sum(rate(rules.series(calls, { status: SERVED }), setting.window), kept);
  const failures: Vector<Kept, "rate"> = sum(increase(rules.series(errors), setting.window), kept);
  const condition: When<Kept, "fraction"> = when(share(failed, served), ">", {
    threshold: setting.share,
    unit: "percentunit",
  });
  return atLeastOf(condition, failures, setting);
}

/** Outcomes that say something about the fleet. Refusals and cancellations are the caller's doing. */
const SERVED = anyOf("success", "error", "timeout");
