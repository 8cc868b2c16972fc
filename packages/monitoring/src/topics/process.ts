import type { Context } from "../context.ts";
import { alertRule, when } from "../define.ts";
import type { AlertRule, Topic } from "../model.ts";
import { runtime } from "../promql/external.ts";
import { rate } from "../promql/functions.ts";
import { divide } from "../promql/operators.ts";
import { percent } from "../slo/decimal.ts";
import { label, text, value } from "../template.ts";
import { limits } from "./limits.ts";

/** What the gateway's process takes of its machine, and how near it is to the end of that. */
export function process(context: Context): Topic {
  return { name: "process", recordingRules: [], alerts: [memory(context), cpu(context), ...limits(context)] };
}

function memory({ options, rules }: Context): AlertRule {
  const setting = options.alerts.HighMemoryUsage;
  const condition = when(rules.series(runtime.processResidentMemory), ">", { threshold: setting.level, unit: "bytes" });
  return alertRule({
    alert: "HighMemoryUsage",
    setting,
    expr: condition.expr,
    conditions: [condition],
    summary: text`MCP Hangar on ${label("instance")} uses ${value("bytes")} of memory`,
    description: text`The process of ${label("job")} on ${label("instance")} has held ${value("bytes")} of memory for ${setting.for}, more than the limit of ${(setting.level / 2 ** 30).toPrecision(4)}GiB.`,
    dashboard: { uid: "mcp-hangar-overview" },
  });
}

/** Relative to the CPUs that the process may use, for two busy cores of sixty-four are no saturation. */
function cpu({ options, rules }: Context): AlertRule {
  const setting = options.alerts.HighCPUUsage;
  const used = rate(rules.series(runtime.processCpu), setting.window);
  const usage = divide(used, rules.series(runtime.availableCpus));
  const condition = when(usage, ">", { threshold: setting.share, unit: "percentunit" });
  return alertRule({
    alert: "HighCPUUsage",
    setting,
    expr: condition.expr,
    conditions: [condition],
    summary: text`MCP Hangar on ${label("instance")} uses ${value("percentage")} of its CPU`,
    description: text`The process of ${label("job")} on ${label("instance")} has used ${value("percentage")} of the CPU that it may use for ${setting.for}; the limit is ${percent(setting.share)} %.`,
    dashboard: { uid: "mcp-hangar-overview" },
  });
}
