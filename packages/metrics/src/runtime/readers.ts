import { readdirSync, readFileSync } from "node:fs";
import { availableParallelism, totalmem } from "node:os";
import { getHeapSpaceStatistics, getHeapStatistics } from "node:v8";
import type { RuntimeMetricKey } from "@mcp-hangar/telemetry";
import { availableCpus, type ReadFile } from "./available-cpus.ts";
import type { EventLoopLag } from "./event-loop-lag.ts";

/** The metric's level or total, by the value of its only label where it has one. */
export type RuntimeReader = () => number | Readonly<Record<string, number>>;

/** The histogram counts by itself; everything else is read at scrape time. */
export type ReadRuntimeMetric = Exclude<RuntimeMetricKey, "gcDuration">;
/** The clock is the caller's. */
type ReadHere = Exclude<ReadRuntimeMetric, "clock">;

/** How each runtime metric is read. Files below `/proc` and `/sys` are the kernel's memory, so reading them does not wait. */
export function runtimeReaders(lag: EventLoopLag): Readonly<Record<ReadHere, RuntimeReader>> {
  return {
    processCpuUser: () => process.cpuUsage().user / 1e6,
    processCpuSystem: () => process.cpuUsage().system / 1e6,
    processCpu: () => {
      const { user, system } = process.cpuUsage();
      return (user + system) / 1e6;
    },
    processStartTime: () => processStartSeconds(readKernelFile),
    processResidentMemory: () => process.memoryUsage.rss(),
    processVirtualMemory: () => 1_024 * kernelNumber("/proc/self/status", /^VmSize:\s+(\d+) kB$/m),
    // The directory itself is open while it is read.
    processOpenFds: () => readdirSync("/proc/self/fd").length - 1,
    processMaxFds: () => kernelNumber("/proc/self/limits", /^Max open files\s+(\d+|unlimited)\s/m),
    availableCpus: () => availableCpus(readKernelFile, availableParallelism()),
    memoryLimit: () => memoryLimit(),
    eventLoopActive: () => performance.eventLoopUtilization().active / 1_000,
    eventLoopLagMean: () => lag.mean(),
    eventLoopLagP50: () => lag.percentile(50),
    eventLoopLagP99: () => lag.percentile(99),
    // The last of the four to be read.
    eventLoopLagMax: () => {
      const max = lag.max();
      lag.roll();
      return max;
    },
    activeResources: () => countEach(process.getActiveResourcesInfo()),
    heapTotal: () => getHeapStatistics().total_heap_size,
    heapUsed: () => getHeapStatistics().used_heap_size,
    heapLimit: () => getHeapStatistics().heap_size_limit,
    externalMemory: () => process.memoryUsage().external,
    heapSpaceUsed: () =>
      Object.fromEntries(getHeapSpaceStatistics().map((space) => [space.space_name, space.space_used_size])),
    version: () => ({ [process.version]: 1 }),
  };
}

/** Node.js reads the limits of control groups of both versions; without one it says 0, or a number beyond all memory. */
function memoryLimit(): number {
  const limit = process.constrainedMemory();
  return limit > 0 ? Math.min(limit, totalmem()) : totalmem();
}

/** Clock ticks a second in what Linux tells user programs, whatever the kernel's own frequency. */
const TICKS_PER_SECOND = 100;

/** The 22nd field of `stat` is the start in ticks after boot; the second, a name in parentheses, may contain spaces. */
function processStartSeconds(readFile: ReadFile): number {
  const stat = readFile("/proc/self/stat") ?? "";
  const fieldsAfterName = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return kernelNumber("/proc/stat", /^btime (\d+)$/m) + Number(fieldsAfterName[19]) / TICKS_PER_SECOND;
}

const readKernelFile: ReadFile = (path) => {
  try {
    return readFileSync(path, "utf8");
  } catch {
    // Which of these files exist depends on the kernel and the container.
    return undefined;
  }
};

function kernelNumber(path: string, pattern: RegExp): number {
  const text = pattern.exec(readKernelFile(path) ?? "")?.[1];
  return text === "unlimited" ? Infinity : Number(text);
}

function countEach(values: readonly string[]): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const value of values) counts[value] = (counts[value] ?? 0) + 1;
  return counts;
}
