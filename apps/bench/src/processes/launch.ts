import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

/** A program that listens on HTTP. */
export interface Launched {
  readonly name: string;
  readonly pid: number;
  /** Base address, for instance `http://127.0.0.1:41234`. */
  readonly url: string;
  /** When it was started, in milliseconds of `performance.now()`. */
  readonly startedAtMs: number;
  /** File with everything it wrote to stderr. */
  readonly logFile: string;
  /** Sends SIGTERM, waits, and kills it after {@link stopPatienceMs}. */
  stop(): Promise<void>;
}

/** What to start: the arguments of `node`, and a name for messages. */
export interface LaunchRequest {
  readonly name: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** Where it will listen, for a program that does not say so; it has started when it takes connections there. */
  readonly url?: string;
}

/** Milliseconds between SIGTERM and SIGKILL: enough for a graceful stop that also writes a CPU profile. */
const stopPatienceMs = 15_000;
/** Milliseconds that a program may take to listen before the bench gives up. */
const startPatienceMs = 20_000;

const running = new Set<ChildProcess>();
let folder: string | undefined;

/** The folder for logs, profiles and configuration files of this run; {@link cleanUp} removes it. */
export function workFolder(): string {
  folder ??= mkdtempSync(join(tmpdir(), "mcp-hangar-bench-"));
  return folder;
}

/**
 * Starts `node` with the given arguments and waits for its `http_listening` line, or until its address takes connections.
 *
 * stderr goes to a file, not to a pipe: reading thousands of log lines a second would slow the load generator.
 * @throws Error with the end of stderr when the program exits or stays silent for {@link startPatienceMs}.
 */
export async function launch(request: LaunchRequest): Promise<Launched> {
  const logFile = join(workFolder(), `${request.name}-${Math.random().toString(36).slice(2, 8)}.log`);
  const log = openSync(logFile, "w");
  const startedAtMs = performance.now();
  const child = spawn(process.execPath, request.args, {
    stdio: ["pipe", "ignore", log],
    env: { ...process.env, ...request.env },
  });
  closeSync(log);
  running.add(child);
  child.once("exit", () => running.delete(child));
  const url = await listening(child, request, logFile, startedAtMs + startPatienceMs);
  return { name: request.name, pid: pidOf(child, request.name), url, startedAtMs, logFile, stop: () => stop(child) };
}

/** Kills every program that still runs and removes the work folder; safe to call twice and from an exit handler. */
export function cleanUp(): void {
  for (const child of running) child.kill("SIGKILL");
  running.clear();
  if (folder !== undefined) rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
  folder = undefined;
}

async function listening(
  child: ChildProcess,
  { name, url }: LaunchRequest,
  logFile: string,
  deadlineMs: number,
): Promise<string> {
  for (;;) {
    const found = url === undefined ? announced(logFile) : (await takesConnections(url)) ? url : undefined;
    if (found !== undefined) return found;
    if (child.exitCode !== null || child.signalCode !== null) {
      throw new Error(
        `${name} ended (${child.exitCode ?? child.signalCode}) before it listened; its stderr:\n${tail(logFile)}`,
      );
    }
    if (performance.now() > deadlineMs) {
      const missing = url === undefined ? `log "http_listening"` : `listen at ${url}`;
      throw new Error(`${name} did not ${missing} within ${startPatienceMs} ms; its stderr:\n${tail(logFile)}`);
    }
    await sleep(2);
  }
}

function announced(logFile: string): string | undefined {
  const line = readFileSync(logFile, "utf8")
    .split("\n")
    .find((each) => each.includes(`"http_listening"`));
  return line === undefined ? undefined : /"url":"(http:[^"]+)"/.exec(line)?.[1];
}

function takesConnections(url: string): Promise<boolean> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve) => {
    const socket = connect({ host: hostname, port: Number(port) });
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", () => resolve(false));
  });
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = once(child, "exit");
  child.kill("SIGTERM");
  const patience = setTimeout(() => child.kill("SIGKILL"), stopPatienceMs);
  await gone;
  clearTimeout(patience);
}

function pidOf(child: ChildProcess, name: string): number {
  if (child.pid === undefined) throw new Error(`${name} could not be started: ${process.execPath} has no process id`);
  return child.pid;
}

function tail(file: string): string {
  return readFileSync(file, "utf8").slice(-2_000);
}
