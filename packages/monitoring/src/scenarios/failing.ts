import { catalog } from "@mcp-hangar/telemetry";
import type { Context } from "../context.ts";
import type { Topic } from "../model.ts";
import type { EventShareAlert } from "../settings/alerts.ts";
import { allAt, counter, type StorySeries } from "./series.ts";
import { alertNamed, type Coverage, inShares, type Shares, type Story, tell, together } from "./story.ts";

const { toolCalls: calls, toolCallErrors: errors } = catalog;
const billing = { mcp_server: "billing", tool: "refund" } as const;

/** A server, a tool and a gateway that fail, each alone and in the midst of others that are well. */
export function failing(context: Context, { alerts }: Topic): Coverage {
  const { McpServerFailing, ToolFailing, GatewayFailing } = context.options.alerts;
  const bad = (shares: Shares): readonly StorySeries[] => failures(shares);
  const server = stories(context, McpServerFailing, bad, { mcp_server: "billing" });
  const tool = stories(context, ToolFailing, bad, billing);
  const ofOne = (shares: Shares): readonly StorySeries[] => allAt("a:8000", failures(shares));
  const gateway = stories(context, GatewayFailing, ofOne, { instance: "a:8000" });
  const others = counter(calls, { mcp_server: "math", tool: "add", status: "success" }, 100_000);
  const sibling = counter(calls, { ...billing, tool: "list", status: "success" }, 100_000);
  return together(
    tell(context, alertNamed(alerts, "McpServerFailing"), [...server, ...among(server, others)]),
    tell(context, alertNamed(alerts, "ToolFailing"), [...tool, ...among(tool, [...others, ...sibling])]),
    tell(context, alertNamed(alerts, "GatewayFailing"), [
      ...gateway,
      ...among(gateway, allAt("b:8000", [...others, ...sibling])),
    ]),
  );
}

function stories(
  context: Context,
  setting: EventShareAlert,
  series: (shares: Shares) => readonly StorySeries[],
  firing: Story["firing"],
): readonly Story[] {
  return inShares(setting.share, setting, context, (shares) => ({
    course: { kind: "average", window: setting.window },
    series: series(shares),
    firing,
    share: { part: ({ metric }) => metric === errors },
  }));
}

/** The first story once more, beside others of whom nothing is told, so that their measures are not asked for. */
function among([first]: readonly Story[], well: readonly StorySeries[]): readonly Story[] {
  if (first === undefined) return [];
  const { share: _, ...story } = first;
  return [{ ...story, about: "others are well", series: [...story.series, ...well] }];
}

function failures({ each, below, above }: Shares): readonly StorySeries[] {
  const failed = { below: (each * below) / 2, above: (each * above) / 2 };
  const succeeded = { healthy: each, below: each * (1 - below), above: each * (1 - above) };
  return [
    ...counter(calls, { ...billing, status: "success" }, succeeded),
    ...counter(calls, { ...billing, status: "error" }, failed),
    ...counter(calls, { ...billing, status: "timeout" }, failed),
    // What callers do wrong is no failure, and hides none.
    ...counter(calls, { ...billing, status: "rejected" }, each),
    ...counter(calls, { ...billing, status: "cancelled" }, each),
    ...counter(errors, { ...billing, error_type: "tool_error" }, failed),
    ...counter(errors, { ...billing, error_type: "timeout" }, failed),
  ];
}
