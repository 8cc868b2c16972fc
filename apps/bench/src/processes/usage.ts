import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { commandLine, parentOf, processesMarked } from "@mcp-hangar/testing";

/** Clock ticks a second of /proc/<pid>/stat: fixed at 100 by the Linux user-space interface, whatever the kernel runs at. */
const ticksPerSecond = 100;

/** CPU time (user and system) that a process has used so far, in milliseconds; from /proc on Linux, from `ps` elsewhere. */
export function cpuMs(pid: number): number {
  if (process.platform !== "linux") return cpuMsFromPs(pid);
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  // The second field is the program's name in brackets and may hold spaces; utime and stime are fields 14 and 15.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return ((Number(fields[11]) + Number(fields[12])) * 1_000) / ticksPerSecond;
}

/** Resident memory of a process in bytes. */
export function residentBytes(pid: number): number {
  if (process.platform !== "linux") return Number(ps(pid, "rss")) * 1_024;
  const found = /VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, "utf8"));
  if (found === null) throw new Error(`/proc/${pid}/status has no VmRSS: the process has ended`);
  return Number(found[1]) * 1_024;
}

function cpuMsFromPs(pid: number): number {
  const [seconds = 0, minutes = 0, hours = 0] = ps(pid, "time").split(":").map(Number).reverse();
  return (hours * 3_600 + minutes * 60 + seconds) * 1_000;
}

function ps(pid: number, column: string): string {
  return execFileSync("ps", ["-o", `${column}=`, "-p", String(pid)], { encoding: "utf8" }).trim();
}

/**
 * A process and those that it has started, directly or through others, without the branches whose command line is to be left out.
 * The process itself always belongs.
 */
export function processTree(root: number, isLeftOut: (commandLine: string) => boolean): readonly number[] {
  const children = Map.groupBy(processesMarked(""), parentOf);
  const members = [root];
  // Grows while it is walked.
  for (const pid of members) {
    members.push(...(children.get(pid) ?? []).filter((child) => !isLeftOut(commandLine(child))));
  }
  return members;
}
