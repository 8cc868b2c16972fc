import { DISCOVERY_SECONDS } from "./buckets.ts";
import { counter, gauge, histogram, nameOf } from "./define.ts";

export const discoveryServers = gauge({
  name: "mcp_hangar_discovery_mcp_servers",
  help: "Servers that a discovery source announces now.",
  labels: { source: nameOf("source") },
  read: (snapshot) => snapshot.discovery.map(({ source, servers }) => ({ labels: { source }, value: servers })),
});

export const discoveryRegistrations = counter({
  name: "mcp_hangar_discovery_registrations_total",
  help: "Servers registered by a discovery source.",
  labels: { source: nameOf("source") },
  on: { "discovery.cycle_finished": ({ source, registered }) => ({ labels: { source }, value: registered }) },
});

export const discoveryDeregistrations = counter({
  name: "mcp_hangar_discovery_deregistrations_total",
  help: "Servers deregistered by a discovery source.",
  labels: { source: nameOf("source") },
  on: { "discovery.cycle_finished": ({ source, deregistered }) => ({ labels: { source }, value: deregistered }) },
});

export const discoveryErrors = counter({
  name: "mcp_hangar_discovery_errors_total",
  help: "Discovery cycles that failed.",
  labels: { source: nameOf("source") },
  on: {
    "discovery.cycle_finished": ({ source, error }) => ({ labels: { source }, value: error === undefined ? 0 : 1 }),
  },
});

export const discoveryCycleDuration = histogram({
  name: "mcp_hangar_discovery_cycle_duration_seconds",
  help: "Time a discovery cycle took.",
  labels: { source: nameOf("source") },
  buckets: DISCOVERY_SECONDS,
  on: {
    "discovery.cycle_finished": ({ source, durationSeconds }) => ({ labels: { source }, value: durationSeconds }),
  },
});

export const discoverySourceHealthy = gauge({
  name: "mcp_hangar_discovery_source_healthy",
  help: "1 if the last cycle of a discovery source succeeded.",
  labels: { source: nameOf("source") },
  read: (snapshot) => snapshot.discovery.map(({ source, healthy }) => ({ labels: { source }, value: Number(healthy) })),
});
