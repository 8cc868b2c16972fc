import { catalog } from "@mcp-hangar/telemetry";
import { prometheusMetrics, runtime } from "../../../src/promql/external.ts";
import { counting, type Incident, level, type Phase, scraped } from "../incident.ts";

/** A gateway that is away, comes near an end, or cannot read what it needs. */
export const gateways: readonly Incident[] = [
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
    what: "A program tries an expired key again and again",
    minutes: 40,
    series: [
      scraped(40),
      counting(catalog.accessDenials, { interface: "mcp", reason: "permission" }, [10, 0], [30, 30]),
    ],
    warns: { HighAccessDenialRate: 27 },
  },
  {
    what: "The gateway has nearly all of its container's memory",
    minutes: 30,
    series: [
      scraped(30),
      level(runtime.processResidentMemory, {}, [10, 2e8], [20, 4.9e8]),
      level(runtime.memoryLimit, {}, [30, 5e8]),
    ],
    warns: { MemoryNearLimit: 16 },
  },
  {
    what: "The JavaScript heap is nearly full",
    minutes: 30,
    series: [scraped(30), level(runtime.heapUsed, {}, [10, 2e8], [20, 9.8e8]), level(runtime.heapLimit, {}, [30, 1e9])],
    warns: { HeapNearLimit: 16 },
  },
  {
    what: "The gateway leaks sockets",
    minutes: 30,
    series: [
      scraped(30),
      level(runtime.processOpenFds, {}, [10, 100], [5, 600], [15, 1_000]),
      level(runtime.processMaxFds, {}, [30, 1_024]),
    ],
    warns: { FileDescriptorsNearLimit: 21 },
  },
  {
    what: "Clients of a browser leave their sessions open",
    minutes: 40,
    series: [
      scraped(40),
      level(catalog.serverSessions, { mcp_server: "browser", use: "in_use" }, [10, 4], [30, 20]),
      level(catalog.serverSessionsMax, { mcp_server: "browser" }, [40, 20]),
    ],
    warns: { SessionsNearLimit: 21 },
  },
  {
    what: "The event loop comes two seconds late",
    minutes: 30,
    series: [scraped(30), level(runtime.eventLoopLagP99, {}, [10, 0.02], [20, 2])],
    warns: { EventLoopLagging: 16 },
  },
  {
    what: "Clients do not read their answers, twenty a minute",
    minutes: 30,
    series: [scraped(30), counting(catalog.loadShed, { reason: "unread_answer" }, [10, 0], [20, 20])],
    warns: { GatewayShedsLoad: 18 },
  },
  {
    what: "The clock of the gateway's machine is two minutes behind",
    minutes: 30,
    series: [scraped(30), { ...level(runtime.clock, {}, [30, 0]), values: "0+15x40 495+15x80" }],
    warns: { ClockSkewed: 16 },
  },
];
