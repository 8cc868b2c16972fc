import { DROP_REASONS, EXPORT_FAILURE_REASONS, EXPORT_SIGNALS, SERVER_STATES } from "@mcp-hangar/telemetry";
import { z } from "zod";
import { BUILD } from "../../build-info.ts";
import { HEALTH_STATUSES } from "../../http/health.ts";
import { type Operation, operation } from "../operation.ts";
import type { ManagementParts } from "../parts.ts";

const exporterView = z.object({
  name: z.string(),
  signal: z.enum(EXPORT_SIGNALS).describe("What it carries."),
  delivered: z.int(),
  dropped: z.partialRecord(z.enum(DROP_REASONS), z.int()),
  failures: z.partialRecord(z.enum(EXPORT_FAILURE_REASONS), z.int()),
  queue_size: z.int(),
  queue_capacity: z.int(),
});

const healthReport = z.object({
  status: z.enum(HEALTH_STATUSES),
  checks: z.array(
    z.object({
      name: z.string(),
      status: z.enum(HEALTH_STATUSES),
      message: z.string().optional().describe("What is wrong."),
      duration_ms: z.number(),
    }),
  ),
  version: z.string(),
  uptime_seconds: z.number(),
});

/** The gateway as a whole. */
export function systemOperations({
  snapshot,
  health,
}: Pick<ManagementParts, "snapshot" | "health">): readonly Operation[] {
  return [
    operation({
      id: "showSystem",
      title: "Show the gateway",
      description: "Shows the gateway as a whole: version, uptime, how many servers are in which state, its exporters.",
      permission: "system:read",
      effect: "read",
      tool: "hangar_status",
      route: { method: "GET", path: "/api/system" },
      input: z.object({}),
      output: z.object({
        name: z.literal(BUILD.name),
        version: z.string(),
        node: z.string(),
        uptime_seconds: z.number(),
        mcp_servers: z
          .object({ total: z.int() })
          .extend(Object.fromEntries(SERVER_STATES.map((state) => [state, z.int().optional()]))),
        calls_in_flight: z.int(),
        exporters: z.array(exporterView),
      }),
      run: () => {
        const { servers, build, exporters } = snapshot();
        const states = Object.groupBy(servers, ({ state }) => state);
        return {
          name: BUILD.name,
          version: build.version,
          node: build.node,
          uptime_seconds: health.uptimeSeconds(),
          mcp_servers: {
            total: servers.length,
            ...Object.fromEntries(Object.entries(states).map(([state, members]) => [state, members?.length ?? 0])),
          },
          // A call through a group is in flight at one of its members.
          calls_in_flight: servers.reduce((sum, { mode, inFlight }) => sum + (mode === "group" ? 0 : inFlight), 0),
          exporters: exporters.map((exporter) => ({
            name: exporter.exporter,
            signal: exporter.signal,
            delivered: exporter.delivered,
            dropped: exporter.dropped,
            failures: exporter.failures,
            queue_size: exporter.queueSize,
            queue_capacity: exporter.queueCapacity,
          })),
        };
      },
    }),
    operation({
      id: "showHealth",
      title: "Show the health of the gateway",
      description:
        "Shows whether the gateway can do its work, with each check behind it. Servers that fail degrade it; hangar_check looks at one of them.",
      permission: "system:read",
      effect: "read",
      tool: "hangar_health",
      route: { method: "GET", path: "/api/system/health" },
      input: z.object({}),
      output: healthReport,
      run: () => {
        const { checks, ...report } = health.readiness();
        return { ...report, checks: [...checks] };
      },
    }),
  ];
}
