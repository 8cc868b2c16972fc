import { setTimeout as sleep } from "node:timers/promises";
import { launchHangar } from "../gateways/contenders.ts";
import { openSession } from "../load/mcp-session.ts";
import type { BenchOptions } from "../options.ts";
import type { Launched } from "../processes/launch.ts";
import { cpuMs, residentBytes } from "../processes/usage.ts";
import type { Figure, Table } from "../report/figure.ts";
import { short } from "../report/print.ts";
import { median } from "../report/statistics.ts";
import { withLean } from "../upstreams/lean.ts";
import { extraTools, fleetOf, listEveryTool, servers, toolsPerServer } from "./fleet.ts";
import type { Scenario } from "./scenario.ts";

/** Fleets that are configured and never used, and the memory that the project allows each, in MB. */
const COLD_FLEETS = [
  { count: 1, atMost: 95 },
  { count: 100, atMost: undefined },
  { count: 1_000, atMost: 115 },
] as const;
const SESSIONS = 1_000;
/** Walks of the merged list before those that count, and those that do. */
const WARM_UP_WALKS = 5;
const WALKS = 20;
const SETTLE_MS = 1_000;

/** What large numbers of servers, tools and sessions take. */
export const scale: Scenario = {
  name: "scale",
  title: "Large fleets",
  run({ options, progress }) {
    return withLean(
      options,
      async (lean) => {
        const cold: ColdStart[] = [];
        for (const { count } of COLD_FLEETS) {
          progress(`${count} cold servers`);
          cold.push(await coldStarts(count, lean.url, options));
        }
        progress(`${servers * toolsPerServer} tools`);
        const listed = await listedTools(lean.url, options);
        progress(`${SESSIONS} sessions`);
        const sessions = await openSessions(lean.url, options);
        return { tables: [coldTable(cold)], figures: [...coldFigures(cold), ...listed, ...sessions] };
      },
      extraTools,
    );
  },
};

/** What a fleet took that nobody has used, medians over the rounds. */
interface ColdStart {
  readonly count: number;
  readonly listenSeconds: number;
  readonly cpuSeconds: number;
  readonly megabytes: number;
}

async function coldStarts(count: number, leanUrl: string, options: BenchOptions): Promise<ColdStart> {
  const starts: Omit<ColdStart, "count">[] = [];
  for (let round = 0; round < options.rounds; round++) {
    await using gateway = await running(count, leanUrl, options);
    const { pid, startedAtMs } = gateway.process;
    const listenSeconds = (performance.now() - startedAtMs) / 1_000;
    const cpuSeconds = cpuMs(pid) / 1_000;
    await sleep(Math.min(SETTLE_MS, options.seconds * 1_000));
    starts.push({ listenSeconds, cpuSeconds, megabytes: residentBytes(pid) / 1e6 });
  }
  const middle = (read: (start: Omit<ColdStart, "count">) => number): number => median(starts.map(read));
  return {
    count,
    listenSeconds: middle((start) => start.listenSeconds),
    cpuSeconds: middle((start) => start.cpuSeconds),
    megabytes: middle((start) => start.megabytes),
  };
}

function coldTable(cold: readonly ColdStart[]): Table {
  return {
    title: "Servers that are configured and cold",
    columns: ["servers", "listens after s", "CPU s until then", "RSS MB"],
    rows: cold.map(({ count, listenSeconds, cpuSeconds, megabytes }) => [
      count.toLocaleString("en-US"),
      listenSeconds.toFixed(2),
      cpuSeconds.toFixed(2),
      short(megabytes),
    ]),
  };
}

function coldFigures(cold: readonly ColdStart[]): readonly Figure[] {
  return cold.flatMap(({ count, cpuSeconds, megabytes }) => {
    const atMost = COLD_FLEETS.find((fleet) => fleet.count === count)?.atMost;
    const fleet = `${count.toLocaleString("en-US")} cold server${count === 1 ? "" : "s"}`;
    return [
      { id: `scale.cold_${count}.cpu`, label: `CPU until it listens, ${fleet}`, value: cpuSeconds, unit: "s" },
      {
        id: `scale.cold_${count}.rss`,
        label: `RSS, ${fleet}`,
        value: megabytes,
        unit: "MB",
        ...(atMost !== undefined && { target: { atMost } }),
      },
    ];
  });
}

async function listedTools(leanUrl: string, options: BenchOptions): Promise<readonly Figure[]> {
  await using gateway = await running(servers, leanUrl, options);
  const { url, pid } = gateway.process;
  const expected = servers * toolsPerServer;
  const walk = async (): Promise<void> => {
    const listed = await listEveryTool(url);
    if (listed !== expected) throw new Error(`${listed} tools were listed instead of ${expected}`);
  };
  for (let n = 0; n < WARM_UP_WALKS; n++) await walk();
  const beforeMs = cpuMs(pid);
  for (let n = 0; n < WALKS; n++) await walk();
  const walkMs = (cpuMs(pid) - beforeMs) / WALKS;
  const label = `${expected.toLocaleString("en-US")} tools of ${servers} servers`;
  return [
    {
      id: "scale.tools.cpu",
      label: `CPU of one walk of tools/list, ${label}`,
      value: walkMs,
      unit: "ms",
      target: { atMost: 8 },
    },
    { id: "scale.tools.rss", label: `RSS, ${label} listed`, value: residentBytes(pid) / 1e6, unit: "MB" },
  ];
}

async function openSessions(leanUrl: string, options: BenchOptions): Promise<readonly Figure[]> {
  await using gateway = await running(1, leanUrl, options);
  const { url, pid } = gateway.process;
  const beforeMs = cpuMs(pid);
  for (let n = 0; n < SESSIONS; n++) await openSession(url, "/mcp", "legacy");
  const eachMs = (cpuMs(pid) - beforeMs) / SESSIONS;
  await sleep(Math.min(SETTLE_MS, options.seconds * 1_000));
  const label = `${SESSIONS.toLocaleString("en-US")} sessions`;
  return [
    { id: "scale.sessions.cpu", label: `CPU to open one of ${label}, connection included`, value: eachMs, unit: "ms" },
    { id: "scale.sessions.rss", label: `RSS, ${label} open`, value: residentBytes(pid) / 1e6, unit: "MB" },
  ];
}

interface Running extends AsyncDisposable {
  readonly process: Launched;
}

async function running(count: number, leanUrl: string, options: BenchOptions): Promise<Running> {
  const process = await launchHangar(fleetOf(count, leanUrl), options);
  return { process, [Symbol.asyncDispose]: () => process.stop() };
}
