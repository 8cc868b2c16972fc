import type { ServerSnapshot } from "@mcp-hangar/telemetry";
import type { HealthCheck } from "./health.ts";

/**
 * Servers that are degraded or dead degrade the gateway, but never make it unready: the others still answer, and sending
 * traffic elsewhere would not bring them back. Cold servers are healthy, because they start when they are called.
 */
export function fleetCheck(servers: () => readonly ServerSnapshot[]): HealthCheck {
  return {
    name: "mcp_servers",
    run() {
      const failing = servers().filter(({ state }) => state === "degraded" || state === "dead");
      if (failing.length === 0) return { status: "healthy" };
      // Whoever probes, and whoever sees but some of the servers, must not learn the names of all.
      const message = `not working: ${failing.length} of the servers; GET /api/mcp_servers or hangar_list names them`;
      return { status: "degraded", message };
    },
  };
}

/** A gateway that runs with another configuration than the file has would not start again. */
export function configCheck(config: { readonly lastSuccessful: boolean }): HealthCheck {
  return {
    name: "config",
    run() {
      if (config.lastSuccessful) return { status: "healthy" };
      // Whoever probes need not be allowed to see what is in the file.
      const message =
        "the last reload failed, and the configuration before it goes on; mcp-hangar config check says why";
      return { status: "degraded", message };
    },
  };
}
