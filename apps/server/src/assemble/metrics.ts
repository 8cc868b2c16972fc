import { setImmediate } from "node:timers/promises";
import type { Platform } from "@mcp-hangar/core";
import { createMetrics, type Metrics } from "@mcp-hangar/metrics";
import { AUTHENTICATION_FAILURES, type GatewaySnapshot, type TelemetryBus } from "@mcp-hangar/telemetry";
import type { Config } from "../config/schema.ts";
import type { ExporterList } from "./exporter-list.ts";

/** What metrics are derived from, and the list that they join. */
interface MetricsEnvironment {
  readonly bus: TelemetryBus;
  readonly snapshot: () => GatewaySnapshot;
  readonly platform: Platform;
  readonly exporters: ExporterList;
  /** Whether calls are written to an audit journal. */
  readonly hasJournal: boolean;
}

/** The metrics of the configuration, or `undefined` when it switches them off. */
export function addMetrics(config: Config, environment: MetricsEnvironment): Metrics | undefined {
  const { bus, snapshot, platform, exporters, hasJournal } = environment;
  const { enabled, series_limit: seriesLimit, runtime: runtimeMetrics, ...tools } = config.observability.metrics;
  if (!enabled) return undefined;
  const metrics = createMetrics({
    bus,
    snapshot,
    seriesLimit,
    toolLimits: { perServer: tools.tools_per_server_limit, total: tools.tools_limit },
    runtimeMetrics,
    impossible: {
      error_type: hasJournal ? [] : ["audit_unavailable"],
      reason: hasAuthentication(config) ? [] : ["unauthenticated", ...AUTHENTICATION_FAILURES],
    },
    nowMs: () => platform.clock.nowMs(),
    wallClockMs: () => platform.clock.wallMs(),
    yieldTurn: () => setImmediate(),
  });
  // They listen by themselves and are scraped: nothing waits in them.
  exporters.add({ name: "metrics", signal: "metrics", close: async () => metrics.close() });
  return metrics;
}

/** A reload neither begins nor ends to authenticate. */
function hasAuthentication({ auth }: Config): boolean {
  return auth.api_keys !== undefined || auth.jwt !== undefined;
}
