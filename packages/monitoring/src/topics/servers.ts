import { catalog, SERVER_STATES, type ServerStateName } from "@mcp-hangar/telemetry";
import type { Context } from "../context.ts";
import { alertRule, when } from "../define.ts";
import type { AlertRule, Topic } from "../model.ts";
import { by, max, min, sum } from "../promql/aggregate.ts";
import { increase, maxOverTime, rate } from "../promql/functions.ts";
import { andOn, shareBeyond } from "../promql/operators.ts";
import { complementOf, percent } from "../slo/decimal.ts";
import { label, text, value } from "../template.ts";
import { atLeastOf, beyond } from "./at-least-of.ts";

const perServer = by("job", "mcp_server");
const details = { uid: "mcp-hangar-mcp-server-details", variables: ["mcp_server"] } as const;

/** The life of servers: starts, states, the idle sweep. */
export function servers(context: Context): Topic {
  return {
    name: "servers",
    recordingRules: [],
    alerts: [
      frequentStarts(context),
      dead(context),
      degraded(context),
      unreachable(context),
      slowSweep(context),
      started(context),
      redefined(context),
    ],
  };
}

function frequentStarts({ options, rules }: Context): AlertRule {
  const setting = options.alerts.FrequentColdStarts;
  const starts = sum(rate(rules.series(catalog.serverStarts), setting.window), perServer);
  const condition = when(starts, ">", { threshold: setting.perSecond, unit: "cps" });
  return alertRule({
    alert: "FrequentColdStarts",
    setting,
    expr: condition.expr,
    conditions: [condition],
    summary: text`${label("mcp_server")} is started again and again`,
    description: text`${label("mcp_server")} (${label("job")}) was started ${value("number")} times a second over ${setting.window}, more than ${setting.perSecond}. A longer idle_ttl_s keeps it warm, unless it crashes.`,
    dashboard: details,
  });
}

function dead({ options, rules }: Context): AlertRule {
  const setting = options.alerts.McpServerDead;
  // A dead server is restarted with backoff; the attempts in between must not hide that it is dead.
  const state = max(maxOverTime(rules.series(catalog.serverState), setting.window), perServer);
  const condition = when(state, "==", { threshold: level("dead"), unit: "none" });
  return alertRule({
    alert: "McpServerDead",
    setting,
    expr: condition.expr,
    conditions: [condition],
    summary: text`${label("mcp_server")} is dead`,
    description: text`${label("mcp_server")} (${label("job")}) was dead within the last ${setting.window}: its starts or health checks fail. Calls to it fail.`,
    dashboard: details,
  });
}

function degraded({ options, rules }: Context): AlertRule {
  const state = max(rules.series(catalog.serverState), perServer);
  const condition = when(state, "==", { threshold: level("degraded"), unit: "none" });
  const setting = options.alerts.McpServerDegraded;
  return alertRule({
    alert: "McpServerDegraded",
    setting,
    expr: condition.expr,
    conditions: [condition],
    summary: text`${label("mcp_server")} has been degraded for long`,
    description: text`${label("mcp_server")} (${label("job")}) has been degraded for ${setting.for}: it runs, but its health checks fail.`,
    dashboard: details,
  });
}

function unreachable({ options, rules }: Context): AlertRule {
  const remote = rules.series(catalog.serverInfo, { mode: "remote" });
  const remoteUp = andOn(rules.series(catalog.serverUp), ["job", "instance", "mcp_server"], remote);
  const condition = when(min(remoteUp, perServer), "==", { threshold: 0, unit: "bool" });
  return alertRule({
    alert: "RemoteServerUnreachable",
    setting: options.alerts.RemoteServerUnreachable,
    expr: condition.expr,
    conditions: [condition],
    summary: text`The remote server ${label("mcp_server")} cannot be reached`,
    description: text`The gateway (${label("job")}) cannot reach or start a session with the remote server ${label("mcp_server")}. Calls to it fail.`,
    dashboard: details,
  });
}

function slowSweep({ options, rules }: Context): AlertRule {
  const setting = options.alerts.GCSlowCycles;
  const { idleSweepDuration } = catalog;
  const within = sum(rate(rules.bucketUpTo(idleSweepDuration, setting.limit), setting.window), by("job"));
  const all = sum(rate(rules.observations(idleSweepDuration), setting.window), by("job"));
  const threshold = complementOf(setting.quantile);
  const condition = when(shareBeyond(within, all), ">", { threshold, unit: "percentunit" });
  return alertRule({
    alert: "GCSlowCycles",
    setting,
    ...atLeastOf(condition, beyond(rules, idleSweepDuration, setting, by("job")), setting),
    summary: text`The idle sweep of ${label("job")} is slow`,
    description: text`The ${percent(setting.quantile)}th percentile of idle sweeps is above ${setting.limit} s: over ${setting.window}, ${value("percentage")} of them took longer. Servers that should stop stay, and their memory with them.`,
    dashboard: { uid: "mcp-hangar-overview" },
  });
}

/** The gateway exposes these counters with 0 before the first start, so the first start is an increase too. */
function started({ options, rules }: Context): AlertRule {
  const setting = options.alerts.McpServerStarted;
  // A start that failed is none; other alerts tell of those.
  const succeeded = rules.series(catalog.serverStarts, { result: "success" });
  const starts = sum(increase(succeeded, setting.window), perServer);
  const condition = when(starts, ">", { threshold: setting.count, unit: "short" });
  return alertRule({
    alert: "McpServerStarted",
    setting,
    expr: condition.expr,
    conditions: [condition],
    summary: text`${label("mcp_server")} was started`,
    description: text`${label("mcp_server")} (${label("job")}) was started within the last ${setting.window}.`,
    dashboard: details,
  });
}

/** Tools that were added or removed can be seen as such; a tool that says something else under its old name cannot. */
function redefined({ options, rules }: Context): AlertRule {
  const setting = options.alerts.ToolDefinitionsChanged;
  const changed = rules.series(catalog.toolDefinitionsChanged, { change: "changed" });
  const condition = when(sum(increase(changed, setting.window), perServer), ">", {
    threshold: setting.count,
    unit: "short",
  });
  return alertRule({
    alert: "ToolDefinitionsChanged",
    setting,
    expr: condition.expr,
    conditions: [condition],
    summary: text`${label("mcp_server")} defines tools otherwise than before`,
    description: text`Within the last ${setting.window}, ${label("mcp_server")} (${label("job")}) has listed tools with another description, schema or annotation under the name that they had. Agents follow what is written there.`,
    dashboard: details,
  });
}

function level(state: ServerStateName): number {
  return SERVER_STATES.indexOf(state);
}
