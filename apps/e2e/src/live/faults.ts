import { readFile, rename } from "node:fs/promises";
import { type LivingIncident, runProcess } from "@mcp-hangar/testing";
import { reloadByRest, rest } from "../harness/reloading.ts";
import { COLLECTOR_FAULTS } from "./collector-faults.ts";
import { at, type Fault, job } from "./fault.ts";
import { callWell, type Fleet, type ServerId, wellAgain } from "./fleet.ts";
import { startLoad } from "./load.ts";

/** Faults of single servers, of the log and of collectors: they leave each other alone, so they may happen at the same time. */
export const FAULTS: readonly Fault[] = [
  {
    name: "a server whose tools fail" satisfies LivingIncident,
    isAskedAbout: true,
    alerts: [
      { alert: "HighErrorRate", labels: { ...job, severity: "critical" } },
      // One gateway has all of these calls, and most of its calls fail.
      { alert: "GatewayFailing", labels: job, inhibited: true },
      { alert: "McpServerFailing", labels: at("failing") },
      { alert: "ToolFailing", labels: { ...at("failing"), tool: "is_error" }, inhibited: true },
      {
        alert: "ErrorsBudgetBurn",
        labels: { ...job, severity: "critical", slo: "errors", long_window: "20s" },
        inhibited: true,
      },
      {
        alert: "ErrorsBudgetBurn",
        labels: { ...job, severity: "warning", slo: "errors", long_window: "60s" },
        inhibited: true,
      },
    ],
    begin: async (fleet) => startLoad(() => fleet.call("failing", "is_error"), 100),
  },
  {
    name: "a server that hangs",
    alerts: [
      { alert: "HighLatencyP95", labels: job },
      { alert: "HighLatencyP99", labels: job },
      { alert: "HighLatencyByTool", labels: { ...at("hanging"), tool: "silence" } },
      { alert: "LatencyBudgetBurn", labels: { ...job, severity: "critical", slo: "latency", long_window: "20s" } },
    ],
    async begin(fleet) {
      await using started = new AsyncDisposableStack();
      started.use(startLoad(() => fleet.call("hanging", "silence"), 20, 8));
      // Calls that succeed in between keep the circuit breaker closed, or the rest would fail at once instead of late.
      started.use(startLoad(() => callWell(fleet, "hanging"), 200));
      return started.move();
    },
  },
  {
    name: "batches that fail, are large, slow and cut short",
    alerts: [
      // Single calls fail at the same time, so that somebody has been told.
      { alert: "BatchHighFailureRate", labels: job, inhibited: true },
      {
        alert: "BatchSuccessBudgetBurn",
        labels: { ...job, severity: "critical", long_window: "20s" },
        inhibited: true,
      },
      { alert: "BatchSizeTooLarge", labels: job },
      { alert: "BatchSlowExecution", labels: job },
      { alert: "BatchHighCancellationRate", labels: job },
    ],
    async begin(fleet) {
      const fails = { server: "failing", tool: "is_error" } as const;
      const hangs = { server: "hanging", tool: "silence" } as const;
      await using started = new AsyncDisposableStack();
      started.use(startLoad(() => fleet.batch(Array.from({ length: 10 }, () => fails)), 500));
      started.use(startLoad(() => fleet.batch([hangs]), 200, 2));
      started.use(startLoad(() => fleet.batch([fails, hangs], { fail_fast: true }), 500));
      return started.move();
    },
  },
  {
    name: "a server that does not answer its health checks",
    alerts: [
      { alert: "HealthCheckSlow", labels: at("deaf") },
      { alert: "ProviderUnhealthy", labels: at("deaf") },
      { alert: "HighConsecutiveFailures", labels: at("deaf"), inhibited: true },
      { alert: "McpServerDegraded", labels: at("deaf"), inhibited: true },
    ],
    begin: (fleet) => answersNothing(fleet, "deaf"),
  },
  {
    name: "a server that has missed a few health checks",
    alerts: [
      { alert: "HighConsecutiveFailures", labels: at("drowsy") },
      { alert: "McpServerDegraded", labels: at("drowsy") },
    ],
    begin: (fleet) => answersNothing(fleet, "drowsy"),
  },
  {
    name: "a server whose circuit breaker opens" satisfies LivingIncident,
    alerts: [{ alert: "CircuitBreakerTripped", labels: at("tripping") }],
    async begin(fleet) {
      // A server that answers pings is not judged by a tool that hangs, so this one answers nothing at all.
      const deaf = await answersNothing(fleet, "tripping");
      const load = startLoad(() => fleet.call("tripping", "silence"), 20, 10);
      return afterwards(load, async () => deaf[Symbol.asyncDispose]());
    },
  },
  {
    name: "a remote server that is gone",
    alerts: [
      { alert: "RemoteServerUnreachable", labels: at("remote") },
      { alert: "McpServerDead", labels: at("remote") },
    ],
    async begin(fleet) {
      await fleet.killRemote();
      return {
        async [Symbol.asyncDispose]() {
          await fleet.startRemote();
          await wellAgain(fleet, "remote");
        },
      };
    },
  },
  {
    name: "a server that crashes again and again" satisfies LivingIncident,
    alerts: [
      { alert: "FrequentColdStarts", labels: at("crashing"), inhibited: true },
      { alert: "McpServerStarted", labels: at("crashing") },
      { alert: "McpServerCrashLooping", labels: at("crashing") },
    ],
    async begin(fleet) {
      const load = startLoad(() => fleet.call("crashing", "crash"), 250);
      return afterwards(load, () => wellAgain(fleet, "crashing"));
    },
  },
  {
    name: "a server that defines a tool anew",
    alerts: [{ alert: "ToolDefinitionsChanged", labels: at("failing") }],
    begin: async (fleet) => startLoad(() => fleet.call("failing", "add_tool", { redefine: true }), 500),
  },
  {
    name: "a server whose resources cannot be read",
    isAskedAbout: true,
    alerts: [{ alert: "HighRequestErrorRate", labels: { ...job, method: "resources/read" } }],
    begin: async (fleet) => startLoad(() => fleet.readMissing("hanging"), 200),
  },
  {
    name: "a gateway whose servers have more tools than its metrics may have series",
    alerts: [{ alert: "MetricSeriesLimitReached", labels: job }],
    begin: async (fleet) => startLoad(() => fleet.callSmall(), 30),
  },
  {
    name: "a configuration that was changed for the worse",
    alerts: [{ alert: "ConfigReloadFailed", labels: job }],
    async begin(fleet) {
      const gateway = fleet.gateway();
      const text = await readFile(gateway.configFile, "utf8");
      await reloadByRest(gateway, text.replace('"mcp_servers"', '"mcp_server"'));
      return {
        async [Symbol.asyncDispose]() {
          await reloadByRest(gateway, text);
        },
      };
    },
  },
  {
    name: "a folder of servers that is gone",
    alerts: [{ alert: "DiscoverySourceUnhealthy", labels: { ...job, source: "folder" } }],
    async begin({ watchedFolder }) {
      await rename(watchedFolder, `${watchedFolder}~`);
      return { [Symbol.asyncDispose]: () => rename(`${watchedFolder}~`, watchedFolder) };
    },
  },
  {
    name: "a log that cannot be written",
    alerts: [{ alert: "TelemetryExportFailing", labels: { ...job, exporter: "log", signal: "log" } }],
    async begin(fleet) {
      await limitFileSize(fleet, "0");
      return { [Symbol.asyncDispose]: () => limitFileSize(fleet, "unlimited") };
    },
  },
  ...COLLECTOR_FAULTS,
];

/** Alerts that no fault here causes, and why; promtool plays them. What becomes possible leaves this list. */
export const UNPROVED: Readonly<Record<string, string>> = {
  HighMemoryUsage: "two gigabytes are more than a test may take",
  HighCPUUsage: "what a process gets of a busy machine is chance",
  MemoryNearLimit: "a test has no container whose memory it may fill",
  HeapNearLimit: "a heap that is nearly full ends before it can be scraped for long",
  FileDescriptorsNearLimit: "a gateway that can open no more files fails in other ways, and not in the same way twice",
  SessionsNearLimit: "the servers of these tests keep one session for all",
  EventLoopLagging: "how late a busy machine lets a process run is chance",
  GatewayShedsLoad: "it takes more clients than a test has",
  ClockSkewed: "gateways and Prometheus have one clock here",
  GCSlowCycles: "a sweep that takes half a second needs more servers than there are",
  HighAccessDenialRate: "the gateways of these tests ask nobody who they are",
  ...Object.fromEntries(
    ["AuditSinkLagging", "AuditJournalFilling", "AuditChainBroken", "AuditCheckpointOverdue", "AuditClockStepped"].map(
      (alert) => [alert, "these gateways keep no audit journal; audit.long.test.ts has one that does"],
    ),
  ),
  McpServerFlapping: "a server that comes and goes six times takes minutes, whatever the windows",
  AlertmanagerUnreachable: "while Alertmanager is away nobody can be told of it",
  RuleEvaluationsFailing: "no rule that is generated fails, and none is written here that would",
  ListenerErrors: "it is a defect of the gateway, which nobody knows how to cause",
};

/** The server's process goes on and answers nothing, for longer than any alert about it takes; another one takes its place afterwards. */
async function answersNothing(fleet: Fleet, server: ServerId): Promise<AsyncDisposable> {
  await fleet.call(server, "stop_answering", { ms: 600_000 });
  return {
    async [Symbol.asyncDispose]() {
      await rest(fleet.gateway(), "POST", `/api/mcp_servers/${server}/stop`);
      await wellAgain(fleet, server);
    },
  };
}

function afterwards(load: AsyncDisposable, repair: () => Promise<void>): AsyncDisposable {
  return {
    async [Symbol.asyncDispose]() {
      await load[Symbol.asyncDispose]();
      await repair();
    },
  };
}

/** A disk that is full, for one process: every write to a file fails as soon as the file is as large as the limit. */
async function limitFileSize(fleet: Fleet, soft: string): Promise<void> {
  const args = [`--pid=${fleet.gateway().process.pid}`, `--fsize=${soft}:unlimited`];
  const { code, stderr } = await runProcess({ command: "prlimit", args });
  if (code !== 0) throw new Error(`prlimit failed: ${stderr}`);
}
