/**
 * The hardest incidents: of each way in which alerts are asked, of what must be held back, and of what must stay silent. Each is played by
 * promtool, of the oldest and of the newest Prometheus, as `packages/monitoring/test/incidents` has it, and happens to a living fleet, which
 * both look at, as `apps/e2e/src/live` has it. An incident that takes half an hour however short the windows are is not among them.
 */
export const HARDEST_INCIDENTS = [
  { incident: "One failed call at night", living: "one call that fails", told: [] },
  {
    incident: "An agent that fails four times in a minute and gives up",
    living: "an agent that fails four times and gives up",
    told: [],
  },
  {
    incident: "A server fails two health checks and recovers",
    living: "a server that fails two health checks and recovers",
    told: [],
  },
  {
    incident: "A server is stopped when idle and started on demand, every ten minutes",
    living: "a server that is stopped when idle and started on demand",
    told: [],
  },
  {
    incident: "Every call fails, one a second",
    living: "a server whose tools fail",
    told: ["HighErrorRate", "McpServerFailing"],
  },
  {
    incident: "One server of fifty fails all of its calls, and its health checks pass",
    living: "a server that fails all of its few calls while others are well",
    told: ["McpServerFailing"],
  },
  {
    incident: "One tool of a server fails every time",
    living: "a tool that fails every time while others of its server work",
    told: ["ToolFailing"],
  },
  {
    incident: "Service discovery has lost the gateway",
    living: "a gateway that is gone from service discovery",
    told: ["NotResponding"],
  },
  {
    incident: "A server with 30 % of the calls is dead",
    living: "a server whose circuit breaker opens",
    told: ["CircuitBreakerTripped"],
  },
  {
    incident: "A server crashes every minute and is started by the next call",
    living: "a server that crashes again and again",
    told: ["McpServerCrashLooping"],
  },
  {
    incident: "The gateway restarts every 40 seconds, and every scrape finds it up",
    living: "a gateway that restarts again and again",
    told: ["GatewayRestarting"],
  },
  {
    incident: "The destination of an exporter is away",
    living: "a collector of audit records that is gone",
    told: ["TelemetryExportFailing"],
  },
] as const;

/** What happens to the living fleet for one of the hardest incidents. */
export type LivingIncident = (typeof HARDEST_INCIDENTS)[number]["living"];
