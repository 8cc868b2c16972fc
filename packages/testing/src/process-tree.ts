import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";

/** What a machine tells of its processes. A process that is gone is not an error: it has no command line and no files. */
export interface ProcessTable {
  /**
   * Every live process and its command line, arguments separated by spaces; only those that have the marker in it, if there is one.
   * Zombies do not count: they hold nothing.
   */
  readonly list: (marker?: string) => readonly ListedProcess[];
  /** The command line of a process, its arguments separated by spaces; empty if it is gone. */
  readonly commandLine: (pid: number) => string;
  /** Whether a process exists and neither is a zombie nor exits at this moment. */
  readonly isAlive: (pid: number) => boolean;
  /** The process that started it, or that has inherited it; 0 if it is gone. */
  readonly parentOf: (pid: number) => number;
  /** Resident memory of a process in bytes; 0 if it is gone. */
  readonly residentBytes: (pid: number) => number;
  /** Open file descriptors of a process; 0 if it is gone. */
  readonly openFiles: (pid: number) => number;
}

export interface ListedProcess {
  readonly pid: number;
  readonly commandLine: string;
}

/** Linux: a read of `/proc` costs a hundredth of a start of `ps`, which slim images lack. */
export const PROC_TABLE: ProcessTable = {
  list: (marker = "") =>
    readdirSync("/proc")
      .filter((name) => /^\d+$/.test(name))
      .map((name) => ({ pid: Number(name), commandLine: PROC_TABLE.commandLine(Number(name)) }))
      // What is not looked for is not read any further: tests look often, and machines have many processes.
      .filter(({ commandLine }) => commandLine !== "" && commandLine.includes(marker))
      .filter(({ pid }) => PROC_TABLE.isAlive(pid)),
  commandLine: (pid) => readOrEmpty(`/proc/${pid}/cmdline`).replaceAll("\0", " ").trimEnd(),
  isAlive(pid) {
    const [state = "Z", , , , , , flags] = statOf(pid);
    return !isDead(state) && (Number(flags) & PF_EXITING) === 0;
  },
  parentOf: (pid) => Number(statOf(pid)[1] ?? 0),
  residentBytes(pid) {
    const kilobytes = /^VmRSS:\s+(\d+) kB$/m.exec(readOrEmpty(`/proc/${pid}/status`))?.[1];
    return Number(kilobytes ?? 0) * 1024;
  },
  openFiles(pid) {
    try {
      return readdirSync(`/proc/${pid}/fd`).length;
    } catch {
      return 0;
    }
  },
};

/** macOS: the programs of the operating system, which say the same. */
export const PS_TABLE: ProcessTable = {
  list: (marker = "") =>
    entries(run("ps", "-eww", "-o", "pid=,stat=,args="))
      .flatMap((entry) => {
        const [, pid, state = "", commandLine = ""] = /^\s*(\d+)\s+(\S+)\s+(.*)$/s.exec(entry) ?? [];
        return pid === undefined || isDead(state) ? [] : [{ pid: Number(pid), commandLine: commandLine.trimEnd() }];
      })
      .filter(({ commandLine }) => commandLine.includes(marker)),
  commandLine: (pid) => run("ps", "-ww", "-o", "args=", "-p", String(pid)).join("\n").trimEnd(),
  isAlive(pid) {
    const [state = "Z"] = run("ps", "-o", "stat=", "-p", String(pid));
    return !isDead(state);
  },
  parentOf: (pid) => Number(run("ps", "-o", "ppid=", "-p", String(pid))[0] ?? 0),
  residentBytes: (pid) => Number(run("ps", "-o", "rss=", "-p", String(pid))[0] ?? 0) * 1024,
  // One line a field; a descriptor is `f` and its number.
  openFiles: (pid) => run("lsof", "-nP", "-p", String(pid), "-F", "f").filter((line) => /^f\d/.test(line)).length,
};

const TABLE = existsSync("/proc/self/stat") ? PROC_TABLE : PS_TABLE;

/** Ids of the live processes whose command line contains `marker`. */
export function processesMarked(marker: string): readonly number[] {
  return TABLE.list(marker).map(({ pid }) => pid);
}

export const { commandLine, isAlive, parentOf, residentBytes, openFiles } = TABLE;

/** In the flags of `/proc/<pid>/stat`: the process exits, and has let go of its memory or is about to (`linux/sched.h`). */
const PF_EXITING = 0x4;

/** What `/proc/<pid>/stat` has after the name, which is in parentheses and may contain anything; the state is first. */
function statOf(pid: number): readonly string[] {
  const stat = readOrEmpty(`/proc/${pid}/stat`);
  return stat === "" ? [] : stat.slice(stat.lastIndexOf(")") + 2).split(" ");
}

/** Puts a command line back together that has line breaks in it: the lines of `ps` begin with a number and a state. */
function entries(lines: readonly string[]): readonly string[] {
  const whole: string[] = [];
  for (const line of lines) {
    if (/^\s*\d+\s+[A-Z]\S*\s/.test(line) || whole.length === 0) whole.push(line);
    else whole.push(`${whole.pop()}\n${line}`);
  }
  return whole;
}

/** A process may end between the listing and the reading. */
function readOrEmpty(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}

/** `Z` is a zombie, `X` a process that is about to be none; on macOS `E` is one that exits. */
function isDead(state: string): boolean {
  return /^[ZX]|E/.test(state.trim());
}

/** The lines that a program prints; none when it fails, as `ps` and `lsof` do for a process that is gone. */
function run(program: string, ...args: readonly string[]): readonly string[] {
  try {
    const printed = execFileSync(program, args, { encoding: "utf8", maxBuffer: 64 * 1024 * 1024, stdio: "pipe" });
    return printed.split("\n").filter((line) => line !== "");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") throw error;
    return [];
  }
}
