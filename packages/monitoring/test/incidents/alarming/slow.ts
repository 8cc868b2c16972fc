import { catalog } from "@mcp-hangar/telemetry";
import { counting, type Incident, observing, scraped } from "../incident.ts";

const server = { mcp_server: "files" } as const;
const read = { ...server, tool: "read" } as const;
const search = { ...server, tool: "search" } as const;

/** What takes too long, or is too large, and succeeds. */
export const slow: readonly Incident[] = [
  {
    what: "One call in fifty takes longer than five seconds",
    minutes: 40,
    series: [
      scraped(40),
      ...observing(
        catalog.toolCallDuration,
        read,
        ["3.0", "5.0"],
        [
          [10, 600, 0],
          [30, 588, 12],
        ],
      ),
    ],
    warns: { HighLatencyP99: 20 },
  },
  {
    what: "One tool of many takes longer than five seconds every tenth time",
    minutes: 40,
    series: [
      scraped(40),
      ...observing(catalog.toolCallDuration, read, ["3.0", "5.0"], [[40, 600, 0]]),
      ...observing(
        catalog.toolCallDuration,
        search,
        ["3.0", "5.0"],
        [
          [10, 30, 0],
          [30, 27, 3],
        ],
      ),
    ],
    warns: { HighLatencyByTool: 20 },
  },
  {
    what: "Nearly every call takes four seconds",
    minutes: 90,
    series: [
      scraped(90),
      ...observing(
        catalog.toolCallDuration,
        read,
        ["3.0"],
        [
          [10, 60, 0],
          [80, 3, 57],
        ],
      ),
      { ...counting(catalog.toolCallDuration, { ...read, le: "5.0" }, [90, 60]), suffix: "_bucket" },
    ],
    pages: { LatencyBudgetBurn: 70 },
    warns: { HighLatencyP95: 17 },
  },
  {
    what: "Batches take longer than half a minute",
    minutes: 30,
    series: [
      scraped(30),
      ...observing(
        catalog.batchDuration,
        {},
        ["30.0"],
        [
          [10, 4, 0],
          [20, 0, 4],
        ],
      ),
    ],
    warns: { BatchSlowExecution: 18 },
  },
  {
    what: "A program sends batches of a hundred",
    minutes: 30,
    series: [
      scraped(30),
      ...observing(
        catalog.batchSize,
        {},
        ["50.0"],
        [
          [10, 4, 0],
          [20, 2, 2],
        ],
      ),
    ],
    warns: { BatchSizeTooLarge: 18 },
  },
  {
    what: "Health checks of a server take ten seconds",
    minutes: 40,
    series: [
      scraped(40),
      ...observing(
        catalog.healthCheckDuration,
        server,
        ["5.0"],
        [
          [10, 1, 0],
          [30, 0, 1],
        ],
      ),
    ],
    warns: { HealthCheckSlow: 21 },
  },
  {
    what: "The idle sweep takes a second",
    minutes: 30,
    series: [
      scraped(30),
      ...observing(
        catalog.idleSweepDuration,
        {},
        ["0.5"],
        [
          [10, 2, 0],
          [20, 0, 2],
        ],
      ),
    ],
    warns: { GCSlowCycles: 18 },
  },
];
