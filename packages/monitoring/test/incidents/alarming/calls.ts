import { catalog } from "@mcp-hangar/telemetry";
import { calling, counting, type Incident, level, observing, scraped } from "../incident.ts";

const server = { mcp_server: "files" } as const;
const files = { mcp_server: "files", tool: "read" } as const;

/** Calls, batches and other requests that fail or are slow, while all servers say that they are well. */
export const calls: readonly Incident[] = [
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
    what: "All items of all batches fail",
    minutes: 90,
    series: [
      scraped(90),
      counting(catalog.batchItems, { status: "success" }, [10, 20], [80, 0]),
      counting(catalog.batchItems, { status: "error" }, [10, 0], [80, 20]),
    ],
    pages: { BatchHighFailureRate: 16 },
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
];
