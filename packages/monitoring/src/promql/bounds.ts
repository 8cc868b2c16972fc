import { BREAKER_STATES, type MetricName, type RuntimeMetricName, SERVER_STATES } from "@mcp-hangar/telemetry";
import type { Bounds } from "./metric.ts";

/**
 * Gauges whose values are limited, by name. Thresholds are compared with these, so that an alert on a state that does not
 * exist, or on more than 1 of a flag, is found.
 */
export const GAUGE_BOUNDS = {
  up: [0, 1],
  mcp_hangar_mcp_server_up: [0, 1],
  mcp_hangar_mcp_server_info: [1, 1],
  mcp_hangar_mcp_server_initialized: [0, 1],
  mcp_hangar_mcp_server_cold_start_in_progress: [0, 1],
  mcp_hangar_discovery_source_healthy: [0, 1],
  mcp_hangar_config_last_reload_successful: [0, 1],
  prometheus_config_last_reload_successful: [0, 1],
  alertmanager_config_last_reload_successful: [0, 1],
  mcp_hangar_build_info: [1, 1],
  mcp_hangar_mcp_server_state: [0, SERVER_STATES.length - 1],
  mcp_hangar_circuit_breaker_state: [0, BREAKER_STATES.length - 1],
  /** The smallest quota that Linux grants is a thousandth of a CPU. */
  nodejs_available_cpus: [0.001, Number.POSITIVE_INFINITY],
} as const satisfies Partial<
  Record<MetricName | RuntimeMetricName | "up" | `${"prometheus" | "alertmanager"}_${string}`, Bounds>
>;

type Limited = typeof GAUGE_BOUNDS;

/** Gauges from 0 to 1. */
export type FractionGaugeName = {
  [Name in keyof Limited]: Limited[Name][1] extends infer Greatest ? (number extends Greatest ? never : Name) : never;
}[keyof Limited];

/** What a gauge can be; by default anything from 0 on, for no gauge of Hangar or its runtime is negative. */
export function boundsOfGauge(name: string): Bounds {
  const bounds: Readonly<Record<string, Bounds>> = GAUGE_BOUNDS;
  return bounds[name] ?? [0, Number.POSITIVE_INFINITY];
}
