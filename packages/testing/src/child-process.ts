import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { COMPILE_CACHE } from "./compile-cache.ts";
import { POLL_DEADLINE_MS, poll } from "./poll.ts";

/** How to start a process. The environment is exactly `env` on top of the variables Node needs. */
export interface Command {
  readonly command: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
}

/** How a process ended: exactly one of the two is not `null`. */
export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** A started process whose output is kept. Disposing kills it with −9 and waits for its end. */
export interface RunningProcess extends AsyncDisposable {
  readonly pid: number;
  readonly stdin: ChildProcessWithoutNullStreams["stdin"];
  readonly exited: Promise<Exit>;
  stdout(): string;
  stderr(): string;
  kill(signal: NodeJS.Signals): void;
  /** Closes our end of its stdout, as a client does that is gone. */
  closeStdout(): void;
}

/**
 * Runs a program that the kernel kills when the process that started it dies: a test runner that is killed, for a test
 * that hung, cleans nothing up. Part of util-linux; where it is missing, only an orderly exit cleans up.
 */
const SETPRIV = "/usr/bin/setpriv";
const DIES_WITH_PARENT: readonly string[] = existsSync(SETPRIV) ? [SETPRIV, "--pdeathsig", "KILL", "--"] : [];

/** Processes that this test process started and that still run; an orderly exit ends them too. */
const running = new Set<ChildProcessWithoutNullStreams>();
process.once("exit", killProcesses);

/** Starts a process and keeps what it writes. */
export async function startProcess({ command, args, env = {}, cwd }: Command): Promise<RunningProcess> {
  const [program = command, ...rest] = [...DIES_WITH_PARENT, command, ...args];
  const child = spawn(program, rest, {
    env: { PATH: process.env.PATH ?? "", HOME: process.env.HOME ?? "", ...COMPILE_CACHE, ...env },
    stdio: "pipe",
    ...(cwd !== undefined && { cwd }),
  });
  const output = { stdout: "", stderr: "" };
  for (const stream of ["stdout", "stderr"] as const) {
    child[stream].setEncoding("utf8").on("data", (text: string) => {
      output[stream] += text;
    });
  }
  // A process that dies while it is written to must fail the test that awaits it, not the test runner.
  child.stdin.on("error", () => {});
  running.add(child);
  const exited = once(child, "close").then(([code, signal]): Exit => {
    running.delete(child);
    return { code: code as number | null, signal: signal as NodeJS.Signals | null };
  });
  await once(child, "spawn");
  return {
    // A process that has spawned has an id.
    pid: child.pid as number,
    stdin: child.stdin,
    exited,
    stdout: () => output.stdout,
    stderr: () => output.stderr,
    kill: (signal) => {
      child.kill(signal);
    },
    closeStdout: () => {
      child.stdout.destroy();
    },
    async [Symbol.asyncDispose]() {
      child.kill("SIGKILL");
      // Grandchildren may hold the pipes open: `close` would wait for them.
      child.stdout.destroy();
      child.stderr.destroy();
      await exited;
    },
  };
}

/** What a process that ran to its end wrote, and how it ended. */
export interface Finished extends Exit {
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a process to its end, with `input` on its stdin. Throws after `deadlineMs`. */
export async function runProcess(command: Command, deadlineMs = POLL_DEADLINE_MS, input = ""): Promise<Finished> {
  await using child = await startProcess(command);
  child.stdin.end(input);
  const exit = await exitOf(child, `${command.command} ${command.args.join(" ")}`, deadlineMs);
  return { ...exit, stdout: child.stdout(), stderr: child.stderr() };
}

/** Waits for the end of a process; throws with what it wrote to stderr when it does not end within `deadlineMs`. */
export async function exitOf(child: RunningProcess, name: string, deadlineMs = POLL_DEADLINE_MS): Promise<Exit> {
  let exit: Exit | undefined;
  void child.exited.then((value) => {
    exit = value;
  });
  return poll(`the end of ${name}`, () => exit, deadlineMs).catch((cause: unknown) => {
    throw new Error(`${name} does not end; stderr:\n${child.stderr().slice(-4000)}`, { cause });
  });
}

/** Kills every process that this test file has started and that still runs. */
export function killProcesses(): void {
  for (const child of running) child.kill("SIGKILL");
}
