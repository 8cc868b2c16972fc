import { describe, expect, test } from "vitest";
import { type RunningProcess, startProcess } from "../src/child-process.ts";
import { poll } from "../src/poll.ts";
import { isAlive, PROC_TABLE, type ProcessTable, PS_TABLE, processesMarked } from "../src/process-tree.ts";

/** With the tags of what each needs; to count open files, `ps` needs a second program. */
const TABLES: readonly (readonly [string, ProcessTable, string, string[]])[] = [
  ["/proc", PROC_TABLE, "linux", ["linux"]],
  ["ps", PS_TABLE, "ps", ["ps", "lsof"]],
];

function sleeper(...args: readonly string[]): Promise<RunningProcess> {
  return startProcess({ command: process.execPath, args: ["-e", "setInterval(() => {}, 60_000)", ...args] });
}

describe.each(TABLES)("the processes of the machine by %s", (name, table, tag, tagsOfFiles) => {
  test("are listed with their whole command line", { tags: [tag] }, async () => {
    const marker = `tree-${name.replace("/", "")}-${process.pid}`;
    const long = "x".repeat(3_000);
    await using child = await sleeper(long, marker);
    const commandLine = `${process.execPath} -e setInterval(() => {}, 60_000) ${long} ${marker}`;
    await poll("the program to run", () => table.commandLine(child.pid) === commandLine);
    expect(table.list().filter(({ pid }) => pid === child.pid)).toEqual([{ pid: child.pid, commandLine }]);
    expect(table.isAlive(child.pid)).toBe(true);
    expect(table.residentBytes(child.pid)).toBeGreaterThan(1_000_000);
  });

  test("do not count when they are gone or zombies", { tags: [tag] }, async () => {
    // The shell's child ends and stays a zombie, because `sleep` in its place never asks for it.
    const script = "true & echo $!; exec sleep 600";
    await using parent = await startProcess({ command: "/bin/sh", args: ["-c", script] });
    const zombie = Number(await poll("its id", () => /^\d+(?=\n)/.exec(parent.stdout())?.[0]));
    await poll("it to end", () => !table.isAlive(zombie));
    expect(table.list().filter(({ pid }) => pid === zombie)).toEqual([]);
    await using gone = await sleeper();
    gone.kill("SIGKILL");
    await gone.exited;
    expect(table.isAlive(gone.pid)).toBe(false);
    expect(table.commandLine(gone.pid)).toBe("");
    expect(table.residentBytes(gone.pid)).toBe(0);
  });

  test("have open files until they are gone", { tags: tagsOfFiles }, async () => {
    await using child = await sleeper();
    await poll("its files", () => table.openFiles(child.pid) >= 3);
    child.kill("SIGKILL");
    await child.exited;
    expect(table.openFiles(child.pid)).toBe(0);
  });
});

test("a marker finds the processes of one test", async () => {
  const marker = `marked-${process.pid}`;
  await using first = await sleeper(marker);
  await using second = await sleeper(marker);
  await poll("both", () => processesMarked(marker).length === 2);
  expect(new Set(processesMarked(marker))).toEqual(new Set([first.pid, second.pid]));
  expect(processesMarked(marker).every(isAlive)).toBe(true);
  expect(processesMarked(`${marker}-of-nobody`)).toEqual([]);
});
