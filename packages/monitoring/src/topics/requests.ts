import { catalog } from "@mcp-hangar/telemetry";
import type { Context } from "../context.ts";
import { alertRule, when } from "../define.ts";
import type { Topic } from "../model.ts";
import { by, sum } from "../promql/aggregate.ts";
import { increase, rate } from "../promql/functions.ts";
import { share } from "../promql/operators.ts";
import { anyOf } from "../promql/select.ts";
import { percent } from "../slo/decimal.ts";
import { label, text, value } from "../template.ts";
import { atLeastOf } from "./at-least-of.ts";

/** Requests of MCP clients other than tool calls: lists, resources, prompts, completions. */
export function requests({ options, rules }: Context): Topic {
  const setting = options.alerts.HighRequestErrorRate;
  const perMethod = by("job", "method");
  const failed = rules.series(catalog.requests, { status: anyOf("error", "timeout") });
  const served = rules.series(catalog.requests, { status: anyOf("success", "error", "timeout") });
  const condition = when(
    share(sum(rate(failed, setting.window), perMethod), sum(rate(served, setting.window), perMethod)),
    ">",
    { threshold: setting.share, unit: "percentunit" },
  );
  return {
    name: "requests",
    recordingRules: [],
    alerts: [
      alertRule({
        alert: "HighRequestErrorRate",
        setting,
        ...atLeastOf(condition, sum(increase(failed, setting.window), perMethod), setting),
        summary: text`${value("percentage")} of the requests ${label("method")} of ${label("job")} fail`,
        description: text`Over ${setting.window}, ${value("percentage")} of the requests ${label("method")} failed on the gateway's or the upstream's side; the limit is ${percent(setting.share)} %. Tool calls are not among them.`,
        dashboard: { uid: "mcp-hangar-overview" },
      }),
    ],
  };
}
