import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "vitest";

const runner = fixture("runner.mjs");
const command = fixture("command.mjs");
const deadlineMs = 60_000;

let directory: string;
let log: string;
let started: ChildProcess[] = [];

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "hangar-run-"));
  log = join(directory, "log");
});

afterEach(() => {
  for (const child of started) child.kill("SIGKILL");
  for (const pid of pids().filter(isAlive)) process.kill(pid, "SIGKILL");
  started = [];
  rmSync(directory, { recursive: true });
});

describe("a command of npm start, npm test and npm run bench", () => {
  it.each([0, 3])("hands on its exit code %d", async (code) => {
    expect(await ended(start("loud", process.execPath, "-e", `process.exit(${code})`))).toMatchObject({ code });
  });

  it("counts as 128 + n when signal n ended it", async () => {
    const script = "process.kill(process.pid, 'SIGKILL'); setInterval(() => undefined, 1000)";
    expect(await ended(start("loud", process.execPath, "-e", script))).toMatchObject({ code: 137 });
  });

  it("ends with 127 and a message when it does not exist", async () => {
    const { code, stderr } = await ended(start("loud", "no-such-command"));
    expect(code).toBe(127);
    expect(stderr).toContain('could not run "no-such-command"');
  });

  it("has stdout for itself when it is what the user asked for, and stderr when it only prepares", async () => {
    const script = "process.stdout.write('text')";
    expect(await ended(start("loud", process.execPath, "-e", script))).toMatchObject({ stdout: "text", stderr: "" });
    expect(await ended(start("quiet", process.execPath, "-e", script))).toMatchObject({ stdout: "", stderr: "text" });
  });

  it.each([
    ["SIGINT", "SIGINT"],
    ["SIGTERM", "SIGTERM"],
    ["SIGHUP", "SIGTERM"],
  ] as const)("gets %s once as %s, may drain, and leaves nobody behind", async (sent, received) => {
    const running = start("loud", process.execPath, command, log);
    await logged("pids");
    const all = pids();
    expect(all.map(isAlive)).toEqual([true, true]);
    running.kill(sent);
    // npm repeats a Ctrl-C that the terminal has already delivered.
    running.kill(sent);
    expect(await ended(running)).toMatchObject({ code: 7 });
    expect(lines().slice(1)).toEqual([received, "drained"]);
    await poll(() => !all.some(isAlive));
  });

  it("is killed with all its children when asked a second time", async () => {
    const running = start("loud", process.execPath, command, log, "stubborn");
    const end = ended(running);
    await logged("pids");
    const all = pids();
    running.kill("SIGINT");
    await logged("SIGINT");
    let said = "";
    running.stderr?.on("data", (text: string) => {
      said += text;
    });
    await poll(() => {
      // Once it has killed the command it listens to no signals, and the next one would end it by itself.
      const asked = said.includes("asked a second time");
      if (!asked) running.kill("SIGINT");
      return asked;
    });
    expect(await end).toMatchObject({ code: 137, stderr: expect.stringContaining("asked a second time") });
    expect(lines().slice(1)).toEqual(["SIGINT"]);
    await poll(() => !all.some(isAlive));
  });

  it("stops when the npm that started it is killed without a word", async () => {
    const script = `"${process.execPath}" "${runner}" loud "${process.execPath}" "${command}" "${log}"; true`;
    const npm = spawn("sh", ["-c", script], { env: { ...process.env, npm_lifecycle_event: "start" }, stdio: "ignore" });
    started.push(npm);
    await logged("pids");
    const all = pids();
    npm.kill("SIGKILL");
    await logged("drained");
    expect(lines().slice(1)).toEqual(["SIGTERM", "drained"]);
    await poll(() => !all.some(isAlive));
  });
});

function fixture(name: string): string {
  return fileURLToPath(new URL(`fixtures/${name}`, import.meta.url));
}

function start(...args: string[]): ChildProcess {
  const { npm_lifecycle_event: _event, ...env } = process.env;
  const child = spawn(process.execPath, [runner, ...args], { env, stdio: ["ignore", "pipe", "pipe"] });
  started.push(child);
  return child;
}

async function ended(child: ChildProcess): Promise<{ code: number | null; stdout: string; stderr: string }> {
  let stdout = "";
  let stderr = "";
  child.stdout?.setEncoding("utf8").on("data", (text: string) => {
    stdout += text;
  });
  child.stderr?.setEncoding("utf8").on("data", (text: string) => {
    stderr += text;
  });
  await once(child, "close");
  return { code: child.exitCode, stdout, stderr };
}

function lines(): readonly string[] {
  return existsSync(log) ? readFileSync(log, "utf8").trim().split("\n") : [];
}

function pids(): readonly number[] {
  const line = lines().find((each) => each.startsWith("pids ")) ?? "pids";
  return line.split(" ").slice(1).map(Number);
}

function logged(start: string): Promise<void> {
  return poll(() => lines().some((line) => line.startsWith(start)));
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

async function poll(holds: () => boolean): Promise<void> {
  const deadline = Date.now() + deadlineMs;
  while (!holds()) {
    if (Date.now() > deadline)
      throw new Error(`nothing came of it within ${deadlineMs} ms; the log: ${lines().join(", ")}`);
    await wait(20);
  }
}
