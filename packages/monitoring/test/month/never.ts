import { catalog } from "@mcp-hangar/telemetry";
import type { MinuteSeries } from "./backfilled.ts";
import type { GatewayWorld } from "./world.ts";

/**
 * What never happens where nothing is wrong: one such event is an incident, and its alert fires at the first. The series are there and stay
 * zero, as those of a gateway do.
 */
const NEVER = [
  { metric: catalog.auditChainProblems, labels: {} },
  { metric: catalog.telemetryDropped, labels: { exporter: "siem", signal: "audit", reason: "queue_full" } },
  { metric: catalog.telemetryDropped, labels: { exporter: "otlp_traces", signal: "traces", reason: "queue_full" } },
  { metric: catalog.listenerErrors, labels: { listener: "metrics" } },
  { metric: catalog.seriesOverflows, labels: { metric: "mcp_hangar_tool_calls_total" } },
] as const;

export function neverIn({ each, gauge }: GatewayWorld): readonly MinuteSeries[] {
  const never = each(() => 0);
  return NEVER.map(({ metric, labels }) => gauge(metric, labels, never));
}
