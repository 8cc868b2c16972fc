import { readdirSync, readFileSync } from "node:fs";

/** Ids of the live processes whose command line contains `marker`. Zombies do not count: they hold nothing. */
export function processesMarked(marker: string): readonly number[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name) && commandLine(name).includes(marker) && isAlive(Number(name)))
    .map(Number);
}

/** Whether a process exists and is not a zombie. */
export function isAlive(pid: number): boolean {
  const status = readOrEmpty(`/proc/${pid}/stat`);
  // The state follows the name, which is in parentheses and may contain anything.
  const state = status.slice(status.lastIndexOf(")") + 2, status.lastIndexOf(")") + 3);
  return status !== "" && state !== "Z" && state !== "X";
}

/** Resident memory of a process in bytes; 0 if it is gone. */
export function residentBytes(pid: number): number {
  const kilobytes = /^VmRSS:\s+(\d+) kB$/m.exec(readOrEmpty(`/proc/${pid}/status`))?.[1];
  return Number(kilobytes ?? 0) * 1024;
}

/** Open file descriptors of a process; 0 if it is gone. */
export function openFiles(pid: number): number {
  try {
    return readdirSync(`/proc/${pid}/fd`).length;
  } catch {
    return 0;
  }
}

/** The command line of a process, its arguments separated by spaces; empty if it is gone. */
export function commandLine(pid: number | string): string {
  return readOrEmpty(`/proc/${pid}/cmdline`).replaceAll("\0", " ");
}

/** A process may end between the listing and the reading. */
function readOrEmpty(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}
