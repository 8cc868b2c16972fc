import { catalog } from "@mcp-hangar/telemetry";
import type { Context } from "../context.ts";
import type { Topic } from "../model.ts";
import type { QuantileAlert } from "../settings/alerts.ts";
import { complementOf } from "../slo/decimal.ts";
import { counter, histogram } from "./series.ts";
import { alertNamed, around, type Coverage, inShares, type Story, stepOf, tell, together } from "./story.ts";

const { toolCalls: calls, toolCallErrors: errors, toolCallDuration: duration } = catalog;
const tool = { mcp_server: "math", tool: "add" } as const;

/** Calls that fail, calls that are slow, and very many calls. */
export function toolCalls(context: Context, { alerts }: Topic): Coverage {
  const { options } = context;
  const latency = (setting: QuantileAlert<typeof duration>, firing: Story["firing"]): readonly Story[] =>
    inShares(complementOf(setting.quantile), setting, context, ({ each, ...beyond }) => ({
      course: { kind: "average", window: setting.window },
      series: histogram(duration, tool, { limit: setting.limit, each, beyond }),
      firing,
      share: {},
    }));
  return together(
    tell(context, alertNamed(alerts, "HighErrorRate"), failures(context)),
    tell(context, alertNamed(alerts, "HighLatencyP95"), latency(options.alerts.HighLatencyP95, {})),
    tell(context, alertNamed(alerts, "HighLatencyP99"), latency(options.alerts.HighLatencyP99, {})),
    tell(context, alertNamed(alerts, "HighLatencyByTool"), latency(options.alerts.HighLatencyByTool, tool)),
    tell(context, alertNamed(alerts, "HighToolCallVolume"), [volume(context)]),
  );
}

function failures(context: Context): readonly Story[] {
  const setting = context.options.alerts.HighErrorRate;
  return inShares(setting.share, setting, context, ({ each, below, above }) => {
    const failed = { below: (each * below) / 2, above: (each * above) / 2 };
    const succeeded = { healthy: each, below: each * (1 - below), above: each * (1 - above) };
    return {
      course: { kind: "average", window: setting.window },
      series: [
        ...counter(calls, { ...tool, status: "success" }, succeeded),
        ...counter(calls, { ...tool, status: "error" }, failed),
        ...counter(calls, { ...tool, status: "timeout" }, failed),
        // What callers do wrong is no failure, and hides none.
        ...counter(calls, { ...tool, status: "rejected" }, each),
        ...counter(calls, { ...tool, status: "cancelled" }, each),
        ...counter(errors, { ...tool, error_type: "connection" }, failed),
        ...counter(errors, { ...tool, error_type: "timeout" }, failed),
      ],
      firing: {},
      share: { part: ({ metric }) => metric === errors },
    };
  });
}

function volume(context: Context): Story {
  const { perSecond, window } = context.options.alerts.HighToolCallVolume;
  const { below, above } = around(perSecond * stepOf(context), window, context);
  const growth = { healthy: below / 10, below: below / 2, above: above / 2 };
  return {
    course: { kind: "average", window },
    series: [
      ...counter(calls, { ...tool, status: "success" }, growth),
      ...counter(calls, { mcp_server: "files", tool: "read", status: "rejected" }, growth),
    ],
    firing: {},
  };
}
