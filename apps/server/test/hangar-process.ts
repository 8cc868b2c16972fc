import { type ChildProcess, spawn } from "node:child_process";
import { fileURLToPath } from "node:url";

/** The command line as a process, run from its sources. */
export interface HangarProcess {
  readonly child: ChildProcess;
  readonly exited: Promise<number | null>;
  stdout(): string;
  stderr(): string;
  /** The log lines of one event so far. */
  events(name: string): readonly Readonly<Record<string, unknown>>[];
  /** Resolves with the first log line of an event; rejects when the process ends before, or after 15 s. */
  event(name: string): Promise<Readonly<Record<string, unknown>>>;
}

const MAIN = fileURLToPath(new URL("../src/main.ts", import.meta.url));
const NODE_OPTIONS = ["--conditions=@mcp-hangar/source", "--disable-warning=ExperimentalWarning"];
const DEADLINE_MS = 15_000;

const running = new Set<ChildProcess>();

/** Starts `mcp-hangar` with arguments; `env` is added to a minimal environment. */
export function startHangar(args: readonly string[], env: Readonly<Record<string, string>> = {}): HangarProcess {
  const child = spawn(process.execPath, [...NODE_OPTIONS, MAIN, ...args], {
    env: { PATH: process.env.PATH ?? "", HOME: process.env.HOME ?? "", ...env },
    stdio: "pipe",
  });
  running.add(child);
  const output = { stdout: "", stderr: "" };
  for (const name of ["stdout", "stderr"] as const) {
    child[name].setEncoding("utf8").on("data", (text: string) => {
      output[name] += text;
    });
  }
  const exited = new Promise<number | null>((resolve) => child.once("close", resolve));
  void exited.then(() => running.delete(child));
  const events = (name: string): readonly Readonly<Record<string, unknown>>[] =>
    output.stderr.split("\n").flatMap((line) => {
      const parsed = line.startsWith("{") ? (JSON.parse(line) as Readonly<Record<string, unknown>>) : {};
      return parsed.event === name ? [parsed] : [];
    });
  return {
    child,
    exited,
    stdout: () => output.stdout,
    stderr: () => output.stderr,
    events,
    event: (name) =>
      until(
        name,
        () => events(name)[0],
        child,
        () => output.stderr,
      ),
  };
}

/** Runs `mcp-hangar` to its end. */
export async function runHangar(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<{ readonly code: number | null; readonly stdout: string; readonly stderr: string }> {
  const hangar = startHangar(args, env);
  hangar.child.stdin?.end();
  const code = await hangar.exited;
  return { code, stdout: hangar.stdout(), stderr: hangar.stderr() };
}

/** Ends what a test left running. */
export function killHangars(): void {
  for (const child of running) child.kill("SIGKILL");
}

function until<Found>(
  name: string,
  look: () => Found | undefined,
  child: ChildProcess,
  context: () => string,
): Promise<Found> {
  return new Promise((resolve, reject) => {
    const deadline = setTimeout(
      () => finish(new Error(`no ${name} within ${DEADLINE_MS} ms:\n${context()}`)),
      DEADLINE_MS,
    );
    const check = (): void => {
      const found = look();
      if (found !== undefined) finish(found);
    };
    const ended = (): void => finish(look() ?? new Error(`ended without ${name}:\n${context()}`));
    const finish = (outcome: Found | Error): void => {
      clearTimeout(deadline);
      child.stderr?.off("data", check);
      child.off("close", ended);
      if (outcome instanceof Error) reject(outcome);
      else resolve(outcome);
    };
    child.stderr?.on("data", check);
    child.once("close", ended);
    check();
  });
}
