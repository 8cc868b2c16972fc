import type { GatewaySnapshot, ServerSnapshot } from "@mcp-hangar/telemetry";
import { type Answer, jsonAnswer, refusalAnswer } from "./answer.ts";

/** What the read-only REST interface tells. */
export interface ApiSources {
  readonly snapshot: () => GatewaySnapshot;
  readonly uptimeSeconds: () => number;
}

/** `GET /api/mcp_servers`: every server as it is now. */
export function listServers({ snapshot }: ApiSources): Answer {
  return jsonAnswer(200, { mcp_servers: snapshot().servers.map(serverView) });
}

/** `GET /api/mcp_servers/<id>`: one server, with the names of its tools. */
export function showServer({ snapshot }: ApiSources, id: string): Answer {
  const server = snapshot().servers.find((candidate) => candidate.id === id);
  if (server === undefined) {
    const message = `there is no server ${JSON.stringify(id.slice(0, 100))}; GET /api/mcp_servers lists them`;
    return refusalAnswer({ status: 404, code: "unknown_server", message });
  }
  return jsonAnswer(200, { ...serverView(server), tools: server.tools, messages: server.messages });
}

/** `GET /api/system`: the gateway as a whole. */
export function showSystem({ snapshot, uptimeSeconds }: ApiSources): Answer {
  const { servers, build, exporters } = snapshot();
  const states = Object.groupBy(servers, ({ state }) => state);
  return jsonAnswer(200, {
    name: "mcp-hangar",
    version: build.version,
    node: build.node,
    uptime_seconds: uptimeSeconds(),
    mcp_servers: {
      total: servers.length,
      ...Object.fromEntries(Object.entries(states).map(([state, members]) => [state, members?.length ?? 0])),
    },
    calls_in_flight: servers.reduce((sum, { inFlight }) => sum + inFlight, 0),
    exporters: exporters.map((exporter) => ({
      name: exporter.exporter,
      delivered: exporter.delivered,
      dropped: exporter.dropped,
      failures: exporter.failures,
      queue_size: exporter.queueSize,
      queue_capacity: exporter.queueCapacity,
    })),
  });
}

function serverView(server: ServerSnapshot): Record<string, unknown> {
  return {
    id: server.id,
    mode: server.mode,
    group: server.group ?? null,
    state: server.state,
    up: server.up,
    initialized: server.initialized,
    consecutive_failures: server.consecutiveFailures,
    circuit_breaker: server.breaker,
    in_flight: server.inFlight,
    tool_count: server.tools.length,
  };
}
