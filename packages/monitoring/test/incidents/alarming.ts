import { catalog } from "@mcp-hangar/telemetry";
import type { AlertKey } from "../../src/names.ts";
import { prometheusMetrics, runtime } from "../../src/promql/external.ts";
import { calling, counting, type Incident, level, observing, type Phase, scraped } from "./incident.ts";

const server = { mcp_server: "files" } as const;
const files = { ...server, tool: "read" } as const;
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

/** What somebody has to hear of. It begins after ten minutes, where nothing else is said. */
export const alarming: readonly Incident[] = [
  {
    what: "The gateway is down",
    minutes: 30,
    series: [level(prometheusMetrics.up, {}, [10, 1], [20, 0])],
    pages: { NotResponding: 12 },
    heldBack: ["AvailabilityBudgetBurn"],
  },
  {
    what: "Service discovery has lost the gateway",
    minutes: 30,
    series: [{ ...level(prometheusMetrics.up, {}, [10, 1]), values: "1x40 stale" }],
    pages: { NotResponding: 12 },
    heldBack: ["AvailabilityBudgetBurn"],
  },
  {
    what: "Every call fails, one a second",
    minutes: 40,
    series: [scraped(40), ...calling({}, [10, 60, 0], [30, 0, 60])],
    pages: { HighErrorRate: 14 },
    warns: { McpServerFailing: 24 },
    heldBack: ["ErrorsBudgetBurn", "GatewayFailing", "ToolFailing"],
  },
  {
    what: "Every call fails, one a minute",
    minutes: 60,
    series: [scraped(60), ...calling({}, [10, 1, 0], [50, 0, 1])],
    pages: { ErrorsBudgetBurn: 30 },
    warns: { McpServerFailing: 25 },
    heldBack: ["ToolFailing"],
  },
  {
    what: "One call in five fails, over many servers",
    minutes: 30,
    series: [
      scraped(30),
      ...["a", "b", "c", "d", "e"].flatMap((mcp_server) => calling({ mcp_server }, [10, 120, 0], [20, 96, 24])),
    ],
    pages: { HighErrorRate: 18 },
    heldBack: ["ErrorsBudgetBurn"],
  },
  {
    what: "One server of fifty fails all of its calls, and its health checks pass",
    minutes: 60,
    series: [
      scraped(60),
      ...calling({ mcp_server: "others" }, [60, 600, 0]),
      ...calling({ mcp_server: "billing", tool: "refund" }, [10, 6, 0], [50, 0, 6]),
      level(catalog.serverState, { mcp_server: "billing" }, [60, 2]),
    ],
    warns: { McpServerFailing: 25 },
    heldBack: ["ToolFailing"],
  },
  {
    what: "One tool of a server fails every time",
    minutes: 70,
    series: [
      scraped(70),
      ...calling({ tool: "list" }, [70, 60, 0]),
      ...calling({ tool: "write" }, [10, 0, 0], [60, 0, 1]),
    ],
    warns: { ToolFailing: 22 },
  },
  {
    what: "One gateway of twenty fails most of its calls",
    minutes: 120,
    series: [
      scraped(120),
      scraped(120, "b:8000"),
      ...calling({ instance: "b:8000" }, [120, 1_140, 0]),
      ...calling({}, [10, 60, 0], [110, 6, 54]),
    ],
    pages: { GatewayFailing: 18 },
  },
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
    what: "The gateway restarts every 40 seconds, and every scrape finds it up",
    minutes: 40,
    series: [
      scraped(40),
      level(
        runtime.processStartTime,
        {},
        [10, 1_000],
        ...Array.from({ length: 60 }, (_, at): Phase => [0.5, 2_000 + 40 * at]),
      ),
    ],
    pages: { GatewayRestarting: 13 },
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
    what: "Two items in five of all batches fail",
    minutes: 30,
    series: [
      scraped(30),
      counting(catalog.batchItems, { status: "success" }, [10, 100], [20, 60]),
      counting(catalog.batchItems, { status: "error" }, [10, 0], [20, 40]),
    ],
    pages: { BatchHighFailureRate: 18 },
    heldBack: ["BatchSuccessBudgetBurn"],
  },
  {
    what: "Batches are cut short",
    minutes: 30,
    series: [
      scraped(30),
      counting(catalog.batchCalls, { result: "success" }, [10, 10], [20, 5]),
      counting(catalog.batchCalls, { result: "cancelled" }, [10, 0], [20, 5]),
      counting(catalog.batchCancellations, { reason: "timeout" }, [10, 0], [20, 5]),
    ],
    warns: { BatchHighCancellationRate: 20 },
  },
  {
    what: "An audit record is lost",
    minutes: 20,
    series: [
      scraped(20),
      counting(
        catalog.telemetryDropped,
        { exporter: "otlp_audit", signal: "audit", reason: "queue_full" },
        [10, 0],
        [1, 1],
        [9, 0],
      ),
    ],
    pages: { AuditRecordsDropped: 11 },
  },
  {
    what: "Spans are lost",
    minutes: 20,
    series: [
      scraped(20),
      counting(
        catalog.telemetryDropped,
        { exporter: "otlp_traces", signal: "traces", reason: "queue_full" },
        [10, 0],
        [10, 5],
      ),
    ],
    warns: { TelemetryRecordsDropped: 11 },
  },
  {
    what: "The destination of an exporter is away",
    minutes: 40,
    series: [
      scraped(40),
      counting(
        catalog.telemetryFailures,
        { exporter: "langfuse", signal: "traces", reason: "connection" },
        [10, 0],
        [30, 2],
      ),
      {
        ...level(catalog.telemetryLastSuccess, { exporter: "langfuse", signal: "traces" }, [40, 0]),
        values: "0+15x40 600x120",
      },
    ],
    warns: { TelemetryExportFailing: 21 },
  },
  {
    what: "The gateway holds three gigabytes",
    minutes: 30,
    series: [scraped(30), level(runtime.processResidentMemory, {}, [10, 5e8], [20, 3e9])],
    warns: { HighMemoryUsage: 21 },
  },
  {
    what: "The gateway uses nearly all of its CPU",
    minutes: 40,
    series: [
      scraped(40),
      counting(runtime.processCpu, {}, [10, 6], [30, 114]),
      level(runtime.availableCpus, {}, [40, 2]),
    ],
    warns: { HighCPUUsage: 26 },
  },
  {
    what: "A changed configuration cannot be loaded",
    minutes: 30,
    series: [scraped(30), level(catalog.configLastReloadSuccessful, {}, [10, 1], [20, 0])],
    warns: { ConfigReloadFailed: 16 },
  },
  {
    what: "A source of servers cannot be read",
    minutes: 30,
    series: [scraped(30), level(catalog.discoverySourceHealthy, { source: "docker" }, [10, 1], [20, 0])],
    warns: { DiscoverySourceUnhealthy: 21 },
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
    what: "A program tries an expired key again and again",
    minutes: 40,
    series: [
      scraped(40),
      counting(catalog.accessDenials, { interface: "mcp", reason: "permission" }, [10, 0], [30, 30]),
    ],
    warns: { HighAccessDenialRate: 27 },
  },
  {
    what: "More tools than a metric may have series",
    minutes: 20,
    series: [
      scraped(20),
      counting(catalog.seriesOverflows, { metric: "mcp_hangar_tool_calls_total" }, [10, 0], [10, 1]),
    ],
    warns: { MetricSeriesLimitReached: 11 },
  },
  {
    what: "One call in ten takes longer than three seconds",
    minutes: 40,
    series: [
      scraped(40),
      ...observing(
        catalog.toolCallDuration,
        files,
        ["3.0"],
        [
          [10, 60, 0],
          [30, 54, 6],
        ],
      ),
      ...observing(catalog.toolCallDuration, files, ["5.0"], [[40, 60, 0]]).filter(({ labels }) => labels.le === "5.0"),
    ],
    warns: { HighLatencyP95: 20 },
  },
  {
    what: "Resources cannot be read",
    minutes: 40,
    series: [
      scraped(40),
      counting(catalog.requests, { ...server, method: "resources/read", status: "success" }, [10, 6], [30, 0]),
      counting(catalog.requests, { ...server, method: "resources/read", status: "error" }, [10, 0], [30, 6]),
    ],
    warns: { HighRequestErrorRate: 20 },
  },
];
