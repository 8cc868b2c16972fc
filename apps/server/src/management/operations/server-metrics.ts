import { milliseconds } from "@mcp-hangar/telemetry";
import { z } from "zod";
import { isOperationFailure, type Operation, operation } from "../operation.ts";
import type { ManagementParts } from "../parts.ts";
import { findServer, serverInput } from "./server-view.ts";

/** Numbers about the calls of one server, for a look without Prometheus. */
export function serverMetricsOperations(
  parts: Pick<ManagementParts, "gateway" | "access" | "statistics">,
): readonly Operation[] {
  return [
    operation({
      id: "showServerMetrics",
      title: "Show the numbers of a server",
      description:
        "Shows how many calls of an MCP server succeeded, failed, timed out, were rejected and cancelled since it was registered, and the percentiles of its last 512 calls.",
      permission: "servers:read",
      effect: "read",
      tool: "hangar_metrics",
      route: { method: "GET", path: "/api/mcp_servers/{server}/metrics" },
      input: z.object({ server: serverInput }),
      output: z.object({
        server: z.string(),
        calls: z.object({
          total: z.int(),
          success: z.int(),
          error: z.int(),
          timeout: z.int(),
          rejected: z.int().describe("Refused because of the caller, such as by a rate limit."),
          cancelled: z.int(),
        }),
        error_rate: z
          .number()
          .nullable()
          .describe(
            "Share of errors and timeouts among the calls that were not rejected or cancelled; null without any.",
          ),
        latency_ms: z
          .object({ samples: z.int(), p50: z.number(), p95: z.number(), p99: z.number(), max: z.number() })
          .nullable()
          .describe("Of the last calls that were not rejected; null before the first."),
      }),
      run: ({ server: id }, { caller }) => {
        const server = findServer(parts, id, { caller, permission: "servers:read" });
        if (isOperationFailure(server)) return server;
        const { calls, latency } = parts.statistics.of(id);
        const failed = calls.error + calls.timeout;
        const judged = calls.success + failed;
        return {
          server: id,
          calls: { total: judged + calls.rejected + calls.cancelled, ...calls },
          error_rate: judged === 0 ? null : failed / judged,
          latency_ms:
            latency === undefined
              ? null
              : {
                  samples: latency.samples,
                  p50: milliseconds(latency.p50),
                  p95: milliseconds(latency.p95),
                  p99: milliseconds(latency.p99),
                  max: milliseconds(latency.max),
                },
        };
      },
    }),
  ];
}
