import { basename } from "node:path";
import type { Contender } from "../gateways/contenders.ts";
import { cpuMs, processTree, residentBytes } from "../processes/usage.ts";
import { leanStdioArgs } from "../upstreams/lean.ts";

/** The processes of a contender: its own and those that it has started, but not its upstream and what that runs in. */
export function membersOf({ process }: Contender): readonly number[] {
  const upstream = leanStdioArgs.map((arg) => basename(arg));
  return processTree(process.pid, (line) => upstream.some((name) => line.includes(name)));
}

/** CPU time that processes have used so far, in milliseconds. */
export function treeCpuMs(pids: readonly number[]): number {
  return pids.reduce((sum, pid) => sum + cpuMs(pid), 0);
}

/** Resident memory of processes, in bytes. */
export function treeBytes(pids: readonly number[]): number {
  return pids.reduce((sum, pid) => sum + residentBytes(pid), 0);
}

/** Milliseconds between two readings of the resident memory. */
const SAMPLE_MS = 100;

/** Reads the resident memory of processes again and again while work is done. */
export async function sampledBytes<T>(
  pids: readonly number[],
  work: () => Promise<T>,
): Promise<{ readonly samples: readonly number[]; readonly result: T }> {
  const samples = [treeBytes(pids)];
  const timer = setInterval(() => samples.push(treeBytes(pids)), SAMPLE_MS);
  try {
    return { result: await work(), samples };
  } finally {
    clearInterval(timer);
  }
}
