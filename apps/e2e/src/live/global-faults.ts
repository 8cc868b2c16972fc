import { type LivingIncident, POLL_DEADLINE_MS, poll } from "@mcp-hangar/testing";
import { at, type Fault, job } from "./fault.ts";
import { callWell } from "./fleet.ts";
import { startLoad } from "./load.ts";
import type { MonitoringStack } from "./monitoring-stack.ts";
import { WATCHER_FAULTS } from "./watcher-faults.ts";

/** Uses up its rate limit. */
const FLOOD: Fault = {
  name: "a client that calls without pause",
  alerts: [{ alert: "HighToolCallVolume", labels: job }],
  evidence: 'increase(mcp_hangar_rate_limit_hits_total{job="mcp-hangar"}[5s]) > 0',
  begin: async (fleet) => startLoad(() => fleet.call("failing", "ok"), 0, 20),
};

/** The gateway ends, and is started again at the same address. */
const DOWN: Fault = {
  name: "a gateway that is stopped",
  alerts: [
    { alert: "NotResponding", labels: job },
    {
      alert: "AvailabilityBudgetBurn",
      labels: { ...job, severity: "critical", long_window: "20s" },
      inhibited: true,
    },
  ],
  async begin(fleet) {
    await fleet.stopGateway();
    return { [Symbol.asyncDispose]: () => fleet.startGateway() };
  },
};

/** Service discovery knows the gateway no more, so that it has no series `up` that could be 0. */
const GONE: Fault = {
  name: "a gateway that is gone from service discovery" satisfies LivingIncident,
  alerts: [
    { alert: "NotResponding", labels: job },
    { alert: "AvailabilityBudgetBurn", labels: { ...job, severity: "critical", long_window: "20s" }, inhibited: true },
  ],
  async begin(fleet, monitoring) {
    const scrapeOnly = async (targets: readonly string[]): Promise<void> => {
      await Promise.all(monitoring.map((stack) => stack.scrapeOnly(targets)));
    };
    await scrapeOnly([]);
    return { [Symbol.asyncDispose]: () => scrapeOnly(fleet.targets) };
  },
};

/** Alerts on what a start makes slow where the machine is: calls that wait for a server, and attempts of exporters, which are given up soon here. */
const SLOW_STARTS = [
  "HighLatencyP95",
  "HighLatencyP99",
  "HighLatencyByTool",
  "BatchSlowExecution",
  "TelemetryExportFailing",
];

/** It ends and is started again before a scrape would miss it for long. */
const RESTARTING: Fault = {
  name: "a gateway that restarts again and again" satisfies LivingIncident,
  alerts: [{ alert: "GatewayRestarting", labels: job }],
  possible: ["NotResponding", ...SLOW_STARTS],
  async begin(fleet, monitoring) {
    const [target = ""] = fleet.targets;
    const startTime = async ({ prometheus }: MonitoringStack): Promise<number | undefined> =>
      (await prometheus.query(`process_start_time_seconds{instance="${target}"} and up == 1`))[0]?.value;
    for (let time = 1; time <= RESTARTS; time++) {
      const before = await Promise.all(monitoring.map(startTime));
      await fleet.stopGateway();
      await fleet.startGateway();
      const scraped = async (): Promise<boolean> => {
        const now = await Promise.all(monitoring.map(startTime));
        return now.every((seconds, index) => seconds !== undefined && seconds !== before[index]);
      };
      await poll("the new gateway to be scraped", scraped, POLL_DEADLINE_MS, 200);
    }
    return { async [Symbol.asyncDispose]() {} };
  },
};
/** One more than fire, for a machine that takes its time. */
const RESTARTS = 3;

/** Of so many calls one fails: far fewer than an alert on all calls minds, and enough to be noticed where they fail. */
const FEW = 20;
const FEW_CALLS: Fault = {
  name: "a server that fails all of its few calls while others are well" satisfies LivingIncident,
  alerts: [
    { alert: "McpServerFailing", labels: at("failing") },
    { alert: "ToolFailing", labels: { ...at("failing"), tool: "is_error" }, inhibited: true },
  ],
  begin: async (fleet) =>
    oneInFew(
      () => fleet.call("failing", "is_error"),
      () => callWell(fleet, "hanging"),
    ),
};

const ONE_TOOL: Fault = {
  name: "a tool that fails every time while others of its server work" satisfies LivingIncident,
  alerts: [{ alert: "ToolFailing", labels: { ...at("hanging"), tool: "is_error" } }],
  begin: async (fleet) =>
    oneInFew(
      () => fleet.call("hanging", "is_error"),
      () => callWell(fleet, "hanging"),
    ),
};

/** In one lane, so that there are as many good calls for each bad one on a machine that is slow. */
function oneInFew(bad: () => Promise<unknown>, good: () => Promise<unknown>): AsyncDisposable {
  let turn = 0;
  return startLoad(() => {
    turn += 1;
    return turn % FEW === 0 ? bad() : good();
  }, 20);
}

/** Faults that are so small that nobody else minds them, so they may happen at the same time, while all others are well. */
export const SMALL_FAULTS: readonly Fault[] = [FEW_CALLS, ONE_TOOL];

/** Faults that reach everybody, so they must happen one after the other. */
export const GLOBAL_FAULTS: readonly Fault[] = [FLOOD, DOWN, GONE, RESTARTING, ...WATCHER_FAULTS];
