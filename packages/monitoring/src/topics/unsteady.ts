import { catalog } from "@mcp-hangar/telemetry";
import type { Context } from "../context.ts";
import { alertRule, when } from "../define.ts";
import type { AlertRule, Topic } from "../model.ts";
import { by, max, sum } from "../promql/aggregate.ts";
import { runtime } from "../promql/external.ts";
import { changes, increase } from "../promql/functions.ts";
import { or } from "../promql/operators.ts";
import { label, text, value } from "../template.ts";

const perServer = by("job", "mcp_server");
const details = { uid: "mcp-hangar-mcp-server-details", variables: ["mcp_server"] } as const;

/**
 * What comes and goes. Alerts on a state wait until it has lasted, so that what never lasts is told by how often it
 * changes within a longer window. The window keeps such an alert firing between two changes, in every Prometheus.
 */
export function unsteady(context: Context): Topic {
  return { name: "unsteady", recordingRules: [], alerts: [flapping(context), crashing(context), restarting(context)] };
}

function flapping({ options, rules }: Context): AlertRule {
  const setting = options.alerts.McpServerFlapping;
  const limit = { threshold: setting.count, unit: "short" } as const;
  // A server that is idle is reachable too, so that stops and starts on demand change nothing.
  const reach = when(max(changes(rules.series(catalog.serverUp), setting.window), perServer), ">", limit);
  const breaker = when(max(changes(rules.series(catalog.circuitBreakerState), setting.window), perServer), ">", limit);
  return alertRule({
    alert: "McpServerFlapping",
    setting,
    expr: or(reach.expr, breaker.expr),
    conditions: [reach, breaker],
    summary: text`${label("mcp_server")} comes and goes`,
    description: text`Within ${setting.window}, ${label("mcp_server")} (${label("job")}) was lost and found again, or its circuit breaker opened and closed: ${value("number")} changes. Calls in between fail.`,
    dashboard: details,
  });
}

function crashing({ options, rules }: Context): AlertRule {
  const setting = options.alerts.McpServerCrashLooping;
  const crashes = sum(increase(rules.series(catalog.serverStops, { reason: "crashed" }), setting.window), perServer);
  const condition = when(crashes, ">", { threshold: setting.count, unit: "short" });
  return alertRule({
    alert: "McpServerCrashLooping",
    setting,
    expr: condition.expr,
    conditions: [condition],
    summary: text`${label("mcp_server")} crashes again and again`,
    description: text`${label("mcp_server")} (${label("job")}) has crashed ${value("number")} times within ${setting.window}, and is started again each time. Whoever calls it meanwhile gets an error.`,
    dashboard: details,
  });
}

/** The time of the start is another after each restart, however short the process lives: no scrape has to see it down. */
function restarting({ options, rules }: Context): AlertRule {
  const setting = options.alerts.GatewayRestarting;
  const starts = changes(rules.series(runtime.processStartTime), setting.window);
  const condition = when(starts, ">", { threshold: setting.count, unit: "short" });
  return alertRule({
    alert: "GatewayRestarting",
    setting,
    expr: condition.expr,
    conditions: [condition],
    summary: text`MCP Hangar on ${label("instance")} restarts again and again`,
    description: text`The gateway ${label("instance")} (${label("job")}) has restarted ${value("number")} times within ${setting.window}. Each time the calls in flight and the sessions of its clients are lost.`,
    dashboard: { uid: "mcp-hangar-overview" },
  });
}
