import { BREAKER_STATES, HEALTH_RESULTS } from "../vocabulary.ts";
import { HEALTH_CHECK_SECONDS } from "./buckets.ts";
import { counter, gauge, histogram, nameOf, oneOf } from "./define.ts";

export const healthChecks = counter({
  name: "mcp_hangar_health_checks_total",
  help: "Health checks by result; skipped means that there was nothing to probe.",
  labels: { mcp_server: nameOf("mcp_server"), result: oneOf(HEALTH_RESULTS) },
  on: {
    "health_check.finished": (event) => ({ labels: { mcp_server: event.server, result: event.result }, value: 1 }),
  },
});

export const healthCheckDuration = histogram({
  name: "mcp_hangar_health_check_duration_seconds",
  help: "Time a health check took, skipped ones not counted.",
  labels: { mcp_server: nameOf("mcp_server") },
  buckets: HEALTH_CHECK_SECONDS,
  on: {
    "health_check.finished": (event) =>
      event.result === "skipped" ? undefined : { labels: { mcp_server: event.server }, value: event.durationSeconds },
  },
});

export const healthCheckConsecutiveFailures = gauge({
  name: "mcp_hangar_health_check_consecutive_failures",
  help: "Failed health checks and starts in a row; keeps counting while the server is degraded or dead.",
  labels: { mcp_server: nameOf("mcp_server") },
  read: (snapshot) =>
    snapshot.servers.map((server) => ({ labels: { mcp_server: server.id }, value: server.consecutiveFailures })),
});

export const circuitBreakerState = gauge({
  name: "mcp_hangar_circuit_breaker_state",
  help: "Circuit breaker of a server: 0 closed, 1 half-open, 2 open.",
  labels: { mcp_server: nameOf("mcp_server") },
  read: (snapshot) =>
    snapshot.servers.map((server) => ({
      labels: { mcp_server: server.id },
      value: BREAKER_STATES.indexOf(server.breaker),
    })),
});
