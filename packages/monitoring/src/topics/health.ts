import { BREAKER_STATES, catalog } from "@mcp-hangar/telemetry";
import type { Context } from "../context.ts";
import { alertRule, when } from "../define.ts";
import type { AlertRule, Topic } from "../model.ts";
import { by, max, sum } from "../promql/aggregate.ts";
import { increase, maxOverTime, rate } from "../promql/functions.ts";
import { or, shareBeyond } from "../promql/operators.ts";
import { complementOf, percent } from "../slo/decimal.ts";
import { label, text, value } from "../template.ts";
import { atLeastOf, beyond } from "./at-least-of.ts";

const perServer = by("job", "mcp_server");

/** Health checks and circuit breakers. */
export function health(context: Context): Topic {
  return {
    name: "health",
    recordingRules: [],
    alerts: [circuitBreaker(context), ...consecutiveFailures(context), slowChecks(context)],
  };
}

function circuitBreaker({ options, rules }: Context): AlertRule {
  const setting = options.alerts.CircuitBreakerTripped;
  const limit = { threshold: setting.count, unit: "short" } as const;
  const inBatches = sum(increase(rules.series(catalog.batchCircuitBreakerRejections), setting.window), perServer);
  const refused = rules.series(catalog.toolCallErrors, { error_type: "circuit_open" });
  const ofCalls = sum(increase(refused, setting.window), perServer);
  const batchRejections = when(inBatches, ">", limit);
  const callRejections = when(ofCalls, ">", limit);
  // A breaker goes half-open to probe and back again; the greatest state within a window does not flap with it.
  const state = max(maxOverTime(rules.series(catalog.circuitBreakerState), setting.openWithin), perServer);
  const open = when(state, "==", { threshold: BREAKER_STATES.indexOf("open"), unit: "none" });
  return alertRule({
    alert: "CircuitBreakerTripped",
    setting,
    expr: or(or(callRejections.expr, batchRejections.expr), open.expr),
    conditions: [callRejections, batchRejections, open],
    summary: text`The circuit breaker of ${label("mcp_server")} has tripped`,
    description: text`The circuit breaker of ${label("mcp_server")} (${label("job")}) is open or refused more than ${setting.count} calls within ${setting.window}. Calls to this server fail at once until a probe succeeds.`,
    dashboard: { uid: "mcp-hangar-mcp-server-details", variables: ["mcp_server"] },
  });
}

function consecutiveFailures({ options: { alerts }, rules }: Context): readonly AlertRule[] {
  const failures = max(rules.series(catalog.healthCheckConsecutiveFailures), perServer);
  return (["ProviderUnhealthy", "HighConsecutiveFailures"] as const).map((alert) => {
    const setting = alerts[alert];
    const condition = when(failures, ">", { threshold: setting.level, unit: "short" });
    return alertRule({
      alert,
      setting,
      expr: condition.expr,
      conditions: [condition],
      summary: text`${label("mcp_server")} has failed ${value("number")} health checks in a row`,
      description: text`${value("number")} health checks or starts of ${label("mcp_server")} (${label("job")}) failed in a row, more than ${setting.level}.`,
      dashboard: { uid: "mcp-hangar-mcp-server-details", variables: ["mcp_server"] },
    });
  });
}

function slowChecks({ options, rules }: Context): AlertRule {
  const setting = options.alerts.HealthCheckSlow;
  const { healthCheckDuration } = catalog;
  const within = sum(rate(rules.bucketUpTo(healthCheckDuration, setting.limit), setting.window), perServer);
  const all = sum(rate(rules.observations(healthCheckDuration), setting.window), perServer);
  const threshold = complementOf(setting.quantile);
  const condition = when(shareBeyond(within, all), ">", { threshold, unit: "percentunit" });
  return alertRule({
    alert: "HealthCheckSlow",
    setting,
    ...atLeastOf(condition, beyond(rules, healthCheckDuration, setting, perServer), setting),
    summary: text`Health checks of ${label("mcp_server")} are slow`,
    description: text`The ${percent(setting.quantile)}th percentile of the health checks of ${label("mcp_server")} is above ${setting.limit} s: over ${setting.window}, ${value("percentage")} of them took longer.`,
    dashboard: { uid: "mcp-hangar-mcp-server-details", variables: ["mcp_server"] },
  });
}
