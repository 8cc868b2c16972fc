import { catalog } from "@mcp-hangar/telemetry";
import type { Context } from "../context.ts";
import { alertRule, recordingRule, when } from "../define.ts";
import type { AlertRule, RecordingRule, Topic } from "../model.ts";
import { by, sum } from "../promql/aggregate.ts";
import { histogramQuantile, increase, rate } from "../promql/functions.ts";
import { share, shareBeyond, sharesOf } from "../promql/operators.ts";
import { anyOf } from "../promql/select.ts";
import { complementOf, percent } from "../slo/decimal.ts";
import { label, most, text, value } from "../template.ts";
import { atLeastOf, beyond } from "./at-least-of.ts";
import { withoutPagedFor } from "./paged-for.ts";

const { toolCalls: calls, toolCallErrors: errors, toolCallDuration: duration } = catalog;

/** Outcomes that say something about the fleet. Refusals and cancellations are the caller's doing. */
const SERVED = anyOf("success", "error", "timeout");

/** How many tool calls there are, how many fail and how long they take. */
export function toolCalls(context: Context): Topic {
  return {
    name: "tool-calls",
    recordingRules: recordings(context),
    // The page for one server comes first: the other one looks whether there is one.
    alerts: [errorRateOfServer(context), errorRate(context), ...latency(context), volume(context)],
  };
}

function errorRate({ options, rules }: Context): AlertRule {
  const setting = options.alerts.HighErrorRate;
  const failed = sum(withoutPagedFor(rules, rate(rules.series(errors), setting.window)), by("job"));
  const served = sum(rate(rules.series(calls, { status: SERVED }), setting.window), by("job"));
  const condition = when(share(failed, served), ">", { threshold: setting.share, unit: "percentunit" });
  const others = withoutPagedFor(rules, increase(rules.series(errors), setting.window));
  const failures = sum(others, by("job"));
  return alertRule({
    alert: "HighErrorRate",
    setting,
    ...atLeastOf(condition, failures, setting),
    summary: text`${value("percentage")} of the tool calls of ${label("job")} fail${most(", most of them at", "", others)}`,
    description: text`Over ${setting.window}, ${value("percentage")} of the tool calls failed on the gateway's or the upstream's side; the limit is ${percent(setting.share)} %.${most(" The failures are those of", ".", others)} Servers with a page of their own are not counted.`,
    dashboard: { uid: "mcp-hangar-overview" },
  });
}

/** One server that makes up so much of all calls that its failures alone are too many. */
function errorRateOfServer({ options, rules }: Context): AlertRule {
  const setting = options.alerts.HighErrorRate;
  const failed = sum(rate(rules.series(errors), setting.window), by("job", "mcp_server"));
  const served = sum(rate(rules.series(calls, { status: SERVED }), setting.window), by("job"));
  const condition = when(sharesOf(failed, ["job"], served), ">", { threshold: setting.share, unit: "percentunit" });
  const failures = sum(increase(rules.series(errors), setting.window), by("job", "mcp_server"));
  return alertRule({
    alert: "HighErrorRate",
    variant: "server",
    setting,
    ...atLeastOf(condition, failures, setting),
    labels: { about: "server" },
    summary: text`${value("percentage")} of the tool calls of ${label("job")} fail, all of these at ${label("mcp_server")}`,
    description: text`Over ${setting.window}, the calls to ${label("mcp_server")} that failed were ${value("percentage")} of all tool calls of ${label("job")}; the limit is ${percent(setting.share)} %.`,
    dashboard: { uid: "mcp-hangar-overview" },
  });
}

function latency({ options: { alerts }, rules }: Context): readonly AlertRule[] {
  const overall = (alert: "HighLatencyP95" | "HighLatencyP99"): AlertRule => {
    const setting = alerts[alert];
    const within = sum(rate(rules.bucketUpTo(duration, setting.limit), setting.window), by("job"));
    const all = sum(rate(rules.observations(duration), setting.window), by("job"));
    const threshold = complementOf(setting.quantile);
    const condition = when(shareBeyond(within, all), ">", { threshold, unit: "percentunit" });
    return alertRule({
      alert,
      setting,
      ...atLeastOf(condition, beyond(rules, duration, setting, by("job")), setting),
      summary: text`${value("percentage")} of the tool calls of ${label("job")} take longer than ${setting.limit} s`,
      description: text`The ${percent(setting.quantile)}th percentile of tool calls is above ${setting.limit} s: over ${setting.window}, ${value("percentage")} of the calls took longer.`,
      dashboard: { uid: "mcp-hangar-overview" },
    });
  };
  const setting = alerts.HighLatencyByTool;
  const kept = by("job", "mcp_server", "tool");
  const within = sum(rate(rules.bucketUpTo(duration, setting.limit), setting.window), kept);
  const all = sum(rate(rules.observations(duration), setting.window), kept);
  const threshold = complementOf(setting.quantile);
  const condition = when(shareBeyond(within, all), ">", { threshold, unit: "percentunit" });
  const byTool = alertRule({
    alert: "HighLatencyByTool",
    setting,
    ...atLeastOf(condition, beyond(rules, duration, setting, kept), setting),
    summary: text`The tool ${label("tool")} of ${label("mcp_server")} is slow`,
    description: text`The ${percent(setting.quantile)}th percentile of ${label("mcp_server")}/${label("tool")} is above ${setting.limit} s: over ${setting.window}, ${value("percentage")} of its calls took longer.`,
    dashboard: { uid: "mcp-hangar-mcp-server-details", variables: ["mcp_server", "tool"] },
  });
  return [overall("HighLatencyP95"), overall("HighLatencyP99"), byTool];
}

function volume({ options, rules }: Context): AlertRule {
  const setting = options.alerts.HighToolCallVolume;
  const perSecond = sum(rate(rules.series(calls), setting.window), by("job"));
  const condition = when(perSecond, ">", { threshold: setting.perSecond, unit: "reqps" });
  return alertRule({
    alert: "HighToolCallVolume",
    setting,
    expr: condition.expr,
    conditions: [condition],
    summary: text`${label("job")} gets ${value("number")} tool calls a second`,
    description: text`Over ${setting.window} there were ${value("number")} tool calls a second, more than ${setting.perSecond}. This is for the record; look at latency and at rate limits.`,
    dashboard: { uid: "mcp-hangar-overview" },
  });
}

/** What dashboards show for every server and tool, computed once instead of by every viewer. */
function recordings({ rules }: Context): readonly RecordingRule[] {
  const window = "5m";
  const perServer = by("job", "mcp_server");
  const served = sum(rate(rules.series(calls, { status: SERVED }), window), perServer);
  const failed = sum(rate(rules.series(errors), window), perServer);
  const inBuckets = rate(rules.buckets(duration), window);
  const overall = sum(inBuckets, by("job", "le"));
  return [
    recordingRule(
      "job_status:mcp_hangar_tool_calls:rate5m",
      sum(rate(rules.series(calls), window), by("job", "status")),
    ),
    recordingRule("job_mcp_server:mcp_hangar_tool_calls:rate5m", sum(rate(rules.series(calls), window), perServer)),
    recordingRule("job_mcp_server:mcp_hangar_tool_call_errors:ratio_rate5m", share(failed, served)),
    recordingRule("job:mcp_hangar_tool_call_duration_seconds:p50_rate5m", histogramQuantile(0.5, overall)),
    recordingRule("job:mcp_hangar_tool_call_duration_seconds:p95_rate5m", histogramQuantile(0.95, overall)),
    recordingRule("job:mcp_hangar_tool_call_duration_seconds:p99_rate5m", histogramQuantile(0.99, overall)),
    recordingRule(
      "job_mcp_server_tool:mcp_hangar_tool_call_duration_seconds:p95_rate5m",
      histogramQuantile(0.95, sum(inBuckets, by("job", "mcp_server", "tool", "le"))),
    ),
  ];
}
