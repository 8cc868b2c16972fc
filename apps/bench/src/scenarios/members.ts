import { basename } from "node:path";
import { isAlive } from "@mcp-hangar/testing";
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
  return total(pids, cpuMs);
}

/** Resident memory of processes, in bytes. */
export function treeBytes(pids: readonly number[]): number {
  return total(pids, residentBytes);
}

/** The first must run. What it has started, such as a child a session, may have ended meanwhile, and counts for nothing then. */
function total([first, ...others]: readonly number[], measure: (pid: number) => number): number {
  let sum = first === undefined ? 0 : measure(first);
  for (const pid of others) {
    try {
      sum += measure(pid);
    } catch (error) {
      if (isAlive(pid)) throw error;
    }
  }
  return sum;
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
