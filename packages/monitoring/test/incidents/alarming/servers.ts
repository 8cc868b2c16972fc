import { catalog } from "@mcp-hangar/telemetry";
import type { AlertKey } from "../../../src/names.ts";
import { calling, counting, type Incident, level, type Phase, scraped } from "../incident.ts";

const server = { mcp_server: "files" } as const;
const files = { mcp_server: "files", tool: "read" } as const;
const repeated = (times: number, ...phases: readonly Phase[]): readonly Phase[] =>
  Array.from({ length: times }, () => phases).flat();

/** A server that carries this share of all calls dies: its breaker opens where it has one, and its health checks fail. */
function deadServer(share: number, hasBreaker: boolean): Incident {
  const [calls, others] = [600 * share, 600 * (1 - share)];
  const carries = `A server with ${share * 100} % of the calls is dead`;
  const isMuch = share > 0.1;
  const [pages, more]: readonly [Incident["pages"], readonly AlertKey[]] = hasBreaker
    ? [{ CircuitBreakerTripped: 13 }, ["ProviderUnhealthy", ...(isMuch ? (["HighErrorRate"] as const) : [])]]
    : isMuch
      ? [{ HighErrorRate: 15 }, ["ProviderUnhealthy"]]
      : [{ ProviderUnhealthy: 18 }, []];
  return {
    what: hasBreaker ? carries : `${carries}, and has no breaker`,
    minutes: 60,
    series: [
      scraped(60),
      ...(share === 1 ? [] : calling({ mcp_server: "others" }, [60, others, 0])),
      ...calling({}, [10, calls, 0], [50, 0, calls]),
      level(catalog.serverState, server, [10, 2], [50, 4]),
      level(catalog.healthCheckConsecutiveFailures, server, [10, 0], [1, 1], [1, 2], [1, 3], [1, 4], [1, 5], [45, 6]),
      ...(hasBreaker
        ? [level(catalog.circuitBreakerState, server, [10.25, 0], ...repeated(50, [0.75, 2], [0.25, 1]))]
        : []),
    ],
    ...(pages === undefined ? {} : { pages }),
    ...(isMuch && !hasBreaker ? { warns: { McpServerFailing: 25 } } : {}),
    heldBack: [
      ...more,
      "McpServerDead",
      "HighConsecutiveFailures",
      "ToolFailing",
      ...(isMuch && !hasBreaker ? [] : (["McpServerFailing"] as const)),
      ...(hasBreaker ? (["McpServerFlapping"] as const) : []),
      ...(isMuch ? (["ErrorsBudgetBurn"] as const) : []),
      ...(share >= 0.5 ? (["GatewayFailing"] as const) : []),
    ],
  };
}

/** A server that is dead, comes and goes, or is not what it was. */
export const servers: readonly Incident[] = [
  {
    what: "A server is dead",
    minutes: 40,
    series: [
      scraped(40),
      level(catalog.serverState, server, [10, 2], [30, 4]),
      level(catalog.healthCheckConsecutiveFailures, server, [10, 0], [1, 1], [1, 2], [1, 3], [1, 4], [1, 5], [25, 6]),
    ],
    pages: { ProviderUnhealthy: 18 },
    heldBack: ["McpServerDead", "HighConsecutiveFailures"],
  },
  ...[0.01, 0.1, 0.3, 0.6, 1].flatMap((share) => [deadServer(share, true), deadServer(share, false)]),
  {
    what: "Two servers are dead, each with a third of the calls",
    minutes: 40,
    series: [
      scraped(40),
      ...calling({ mcp_server: "others" }, [40, 200, 0]),
      ...calling({ mcp_server: "a" }, [10, 200, 0], [30, 0, 200]),
      ...calling({ mcp_server: "b" }, [10, 200, 0], [30, 0, 200]),
    ],
    pages: { HighErrorRate: 15 },
    warns: { McpServerFailing: 25 },
    heldBack: ["ErrorsBudgetBurn", "GatewayFailing", "ToolFailing"],
  },
  {
    what: "A server is degraded",
    minutes: 40,
    series: [
      scraped(40),
      level(catalog.serverState, server, [10, 2], [30, 3]),
      level(catalog.healthCheckConsecutiveFailures, server, [10, 0], [30, 3]),
    ],
    warns: { HighConsecutiveFailures: 13, McpServerDegraded: 26 },
  },
  {
    what: "A server is dead for one minute in four",
    minutes: 60,
    series: [
      scraped(60),
      level(catalog.serverUp, server, ...repeated(15, [3, 1], [1, 0])),
      level(catalog.serverState, server, ...repeated(15, [3, 2], [1, 4])),
    ],
    warns: { McpServerFlapping: 20 },
  },
  {
    what: "A server crashes every minute and is started by the next call",
    minutes: 60,
    series: [
      scraped(60),
      counting(catalog.serverStops, { ...server, reason: "crashed" }, [10, 0], [50, 1]),
      counting(catalog.serverStarts, { ...server, result: "success" }, [10, 0], [50, 1]),
    ],
    warns: { McpServerCrashLooping: 17 },
  },
  {
    what: "A breaker opens every five minutes",
    minutes: 60,
    series: [scraped(60), level(catalog.circuitBreakerState, server, ...repeated(12, [4, 0], [0.5, 2], [0.5, 1]))],
    warns: { McpServerFlapping: 20 },
  },
  {
    what: "A breaker stays open while calls go on",
    minutes: 30,
    series: [scraped(30), level(catalog.circuitBreakerState, server, [10, 0], ...repeated(20, [0.75, 2], [0.25, 1]))],
    pages: { CircuitBreakerTripped: 13 },
    heldBack: ["McpServerFlapping"],
  },
  {
    what: "A breaker refuses a call every two seconds, in a busy fleet",
    minutes: 30,
    series: [
      scraped(30),
      ...calling({ mcp_server: "others" }, [30, 6_000, 0]),
      counting(catalog.toolCallErrors, { ...files, error_type: "circuit_open" }, [10, 0], [20, 30]),
    ],
    pages: { CircuitBreakerTripped: 14 },
  },
  {
    what: "A remote server cannot be reached",
    minutes: 30,
    series: [
      scraped(30),
      level(catalog.serverUp, server, [10, 1], [20, 0]),
      level(catalog.serverInfo, { ...server, mode: "remote", group: "" }, [30, 1]),
    ],
    warns: { RemoteServerUnreachable: 16 },
  },
  {
    what: "A server describes a tool otherwise than before",
    minutes: 20,
    series: [
      scraped(20),
      counting(catalog.toolDefinitionsChanged, { ...server, change: "changed" }, [10, 0], [1, 1], [9, 0]),
    ],
    warns: { ToolDefinitionsChanged: 11 },
  },
  {
    what: "A server is started anew for each of ten calls a minute",
    minutes: 40,
    series: [scraped(40), counting(catalog.serverStarts, { ...server, result: "success" }, [10, 0], [30, 10])],
    warns: { FrequentColdStarts: 25 },
  },
];
