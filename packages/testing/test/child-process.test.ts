import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { exitOf, killProcesses, type RunningProcess, runProcess, startProcess } from "../src/child-process.ts";
import { SOURCE_CONDITION } from "../src/hangar-process.ts";
import { poll } from "../src/poll.ts";
import { processesMarked } from "../src/process-tree.ts";

const PARENT = fileURLToPath(new URL("fixtures/parent.ts", import.meta.url));

/** Starts a process that starts one more; both have the marker in their command line. */
async function family(marker: string): Promise<RunningProcess> {
  const args = [SOURCE_CONDITION, "--disable-warning=ExperimentalWarning", PARENT, marker];
  const parent = await startProcess({ command: process.execPath, args });
  await poll("both to run", () => parent.stdout() === "started\n" && processesMarked(marker).length === 2);
  return parent;
}

test("what a killed test process has started dies with it", { tags: ["setpriv"] }, async () => {
  const marker = `dies-with-parent-${process.pid}`;
  await using parent = await family(marker);
  parent.kill("SIGKILL");
  await poll("its child to end", () => processesMarked(marker).length === 0);
});

test("what a test process has started ends with its orderly exit", async () => {
  const marker = `ends-with-exit-${process.pid}`;
  await using parent = await family(marker);
  parent.stdin.end();
  expect(await exitOf(parent, "the parent")).toEqual({ code: 0, signal: null });
  await poll("its child to end", () => processesMarked(marker).length === 0);
});

test("a process that does not end fails with what it wrote", async () => {
  const script = 'console.error("still here"); setInterval(() => {}, 60_000)';
  await using child = await startProcess({ command: process.execPath, args: ["-e", script] });
  await poll("its words", () => child.stderr() === "still here\n");
  await expect(exitOf(child, "the child", 50)).rejects.toThrow(/the child does not end; stderr:\nstill here/);
});

test("killing all ends each that still runs", async () => {
  const script = "setInterval(() => {}, 60_000)";
  const children = [1, 2].map(() => startProcess({ command: process.execPath, args: ["-e", script] }));
  const started = await Promise.all(children);
  killProcesses();
  expect(await Promise.all(started.map(({ exited }) => exited))).toEqual(
    started.map(() => ({ code: null, signal: "SIGKILL" })),
  );
});

test("a process has the environment that was asked for, and little else", async () => {
  const args = ["-p", "JSON.stringify(Object.keys(process.env))"];
  const { stdout, code } = await runProcess({ command: process.execPath, args, env: { EXTRA: "1" } });
  expect(code).toBe(0);
  const names = JSON.parse(stdout) as readonly string[];
  // The operating system may add one of its own, as macOS does.
  const known = /^(PATH|HOME|EXTRA|NODE_COMPILE_CACHE|__CF_USER_TEXT_ENCODING)$/;
  expect(names.filter((name) => !known.test(name))).toEqual([]);
  expect(names).toContain("EXTRA");
});
