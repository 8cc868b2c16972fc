import { catalog } from "@mcp-hangar/telemetry";
import { alertmanagerOwn, prometheusMetrics, prometheusOwn, runtime } from "../../src/promql/external.ts";
import {
  calling,
  counting,
  eventsEvery,
  type Incident,
  level,
  nowAndThen,
  observing,
  type Phase,
  scraped,
} from "./incident.ts";

const files = { mcp_server: "files", tool: "read" } as const;
const server = { mcp_server: "files" } as const;
const prometheus = { job: "prometheus", instance: "localhost:9090" } as const;
const repeated = (times: number, ...phases: readonly Phase[]): readonly Phase[] =>
  Array.from({ length: times }, () => phases).flat();

/** What happens every day, and is nobody's business at night. */
export const quiet: readonly Incident[] = [
  {
    what: "A fleet that nobody calls",
    minutes: 120,
    series: [scraped(120), level(catalog.serverState, server, [120, 0])],
  },
  { what: "A busy fleet in which all is well", minutes: 120, series: [scraped(120), ...calling({}, [120, 600, 0])] },
  {
    what: "A gateway that is new: in its first twenty minutes one call in twelve fails",
    minutes: 180,
    series: [scraped(180), ...calling({}, [20, 55, 5], [160, 60, 0])],
  },
  {
    what: "A gateway that is new: two scrapes of its first hour failed",
    minutes: 180,
    series: [level(prometheusMetrics.up, {}, [30, 1], [0.5, 0], [149.5, 1])],
  },
  {
    what: "One failed call at night",
    minutes: 120,
    series: [scraped(120), ...calling({}, [29, 0, 0], [1, 0, 1], [90, 0, 0])],
  },
  {
    what: "Four calls an hour, one failure every two hours",
    minutes: 360,
    series: [
      scraped(360),
      nowAndThen(catalog.toolCalls, { ...files, status: "success" }, 15, 20),
      nowAndThen(catalog.toolCalls, { ...files, status: "error" }, 120, 3),
      nowAndThen(catalog.toolCallErrors, { ...files, error_type: "tool_error" }, 120, 3),
    ],
  },
  {
    what: "An agent that fails four times in a minute and gives up",
    minutes: 60,
    series: [scraped(60), ...calling({}, [20, 0, 0], [1, 0, 4], [39, 0, 0])],
  },
  { what: "One call in two hundred fails", minutes: 120, series: [scraped(120), ...calling({}, [120, 199, 1])] },
  {
    what: "Callers are refused, nine in ten",
    minutes: 60,
    series: [
      scraped(60),
      ...calling({}, [60, 6, 0]),
      counting(catalog.toolCalls, { ...files, status: "rejected" }, [60, 54]),
      counting(catalog.toolCallRejections, { ...server, reason: "access_denied" }, [60, 54]),
    ],
  },
  {
    what: "Callers cancel most of their calls",
    minutes: 60,
    series: [
      scraped(60),
      ...calling({}, [60, 6, 0]),
      counting(catalog.toolCalls, { ...files, status: "cancelled" }, [60, 54]),
    ],
  },
  {
    what: "One slow call at night",
    minutes: 60,
    series: [
      scraped(60),
      ...observing(
        catalog.toolCallDuration,
        files,
        ["3.0", "5.0"],
        [
          [20, 0, 0],
          [1, 0, 1],
          [39, 0, 0],
        ],
      ),
    ],
  },
  {
    what: "One failed request for a list",
    minutes: 60,
    series: [
      scraped(60),
      counting(catalog.requests, { ...server, method: "resources/list", status: "error" }, [20, 0], [1, 1], [39, 0]),
    ],
  },
  {
    what: "One batch with two failed items",
    minutes: 60,
    series: [
      scraped(60),
      counting(catalog.batchItems, { status: "success" }, [20, 0], [1, 3], [39, 0]),
      counting(catalog.batchItems, { status: "error" }, [20, 0], [1, 2], [39, 0]),
    ],
  },
  {
    what: "One attempt to export fails, and then there is nothing to export",
    minutes: 60,
    series: [
      scraped(60),
      counting(
        catalog.telemetryFailures,
        { exporter: "langfuse", signal: "traces", reason: "connection" },
        [20, 0],
        [1, 1],
        [39, 0],
      ),
      level(catalog.telemetryLastSuccess, { exporter: "langfuse", signal: "traces" }, [60, 0]),
    ],
  },
  {
    what: "An exporter fails every five minutes and succeeds in between; on a second gateway it is idle",
    minutes: 60,
    series: [
      scraped(60),
      counting(
        catalog.telemetryFailures,
        { exporter: "history", signal: "history", reason: "io" },
        ...repeated(12, [4, 0], [1, 1]),
      ),
      {
        ...level(catalog.telemetryLastSuccess, { exporter: "history", signal: "history" }, [60, 0]),
        values: "0+15x240",
      },
      counting(
        catalog.telemetryFailures,
        { instance: "b:8000", exporter: "history", signal: "history", reason: "io" },
        [60, 0],
      ),
      level(catalog.telemetryLastSuccess, { instance: "b:8000", exporter: "history", signal: "history" }, [60, 0]),
    ],
  },
  {
    what: "A gateway is replaced: away for one scrape, another start time",
    minutes: 90,
    series: [
      level(prometheusMetrics.up, {}, [60, 1], [0.25, 0], [29.75, 1]),
      level(runtime.processStartTime, {}, [60, 1_000], [30, 5_000]),
    ],
  },
  {
    what: "A server is stopped when idle and started on demand, every ten minutes",
    minutes: 120,
    series: [
      scraped(120),
      level(catalog.serverState, server, ...repeated(12, [5, 0], [0.5, 1], [4.5, 2])),
      level(catalog.serverUp, server, [120, 1]),
      counting(catalog.serverStops, { ...server, reason: "idle" }, ...repeated(12, [9, 0], [1, 1])),
      counting(catalog.serverStarts, { ...server, result: "success" }, ...repeated(12, [5, 0], [1, 1], [4, 0])),
    ],
  },
  {
    what: "A breaker opens once; nobody calls any more",
    minutes: 60,
    series: [scraped(60), level(catalog.circuitBreakerState, server, [20, 0], [0.5, 2], [39.5, 1])],
  },
  {
    what: "A server fails two health checks and recovers",
    minutes: 60,
    series: [scraped(60), level(catalog.healthCheckConsecutiveFailures, server, [20, 0], [1, 1], [1, 2], [38, 0])],
  },
  {
    what: "A scanner without credentials",
    minutes: 60,
    series: [scraped(60), counting(catalog.accessDenials, { interface: "mcp", reason: "no_credentials" }, [60, 600])],
  },
  {
    what: "Slack refuses a notification once, and takes it five minutes later",
    minutes: 60,
    series: [
      scraped(60),
      counting(
        alertmanagerOwn.notificationsFailed,
        { job: "alertmanager", instance: "alertmanager:9093", integration: "slack", reason: "clientError" },
        [20, 0],
        ...eventsEvery(40, 1),
      ),
    ],
  },
  {
    what: "Alertmanager is replaced: away for four minutes, in which only the heartbeat is sent",
    minutes: 60,
    series: [
      scraped(60),
      counting(prometheusOwn.notTakenByAny, prometheus, [20, 0], ...eventsEvery(1, 4), [36, 0]),
      level(prometheusOwn.configLoaded, prometheus, [60, 1]),
    ],
  },
  {
    what: "A rule fails twice, while series of before and after a restart meet",
    minutes: 60,
    series: [
      scraped(60),
      counting(
        prometheusOwn.ruleFailures,
        { ...prometheus, rule_group: "alerts.yaml;mcp-hangar-critical" },
        [20, 0],
        [0.5, 4],
        [39.5, 0],
      ),
    ],
  },
  {
    what: "Prometheus refuses a configuration, which is mended within four minutes",
    minutes: 60,
    series: [scraped(60), level(prometheusOwn.configLoaded, prometheus, [20, 1], [4, 0], [36, 1])],
  },
];
