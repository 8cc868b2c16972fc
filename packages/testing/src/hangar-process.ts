import { fileURLToPath } from "node:url";
import { type Exit, type Finished, type RunningProcess, runProcess, startProcess } from "./child-process.ts";
import { type LogEvent, parseLogEvents } from "./log-events.ts";
import { poll } from "./poll.ts";

/** `mcp-hangar` as a process. */
export interface HangarProcess extends RunningProcess {
  /** The log lines so far, of one event if it is named, oldest first. */
  readonly events: (name?: string) => readonly LogEvent[];
  /** The first log line of an event. Throws when the process ends without it, or does not write it in time. */
  readonly event: (name: string) => Promise<LogEvent>;
}

/** Node arguments that resolve the workspace's packages to their sources. */
export const SOURCE_CONDITION = "--conditions=@mcp-hangar/source";

/** In the environment of a gateway: run it from its sources. A module that is preloaded into it meets its classes only there. */
export const FROM_SOURCE: Readonly<Record<string, string>> = { HANGAR_FROM_SOURCE: "1" };

/** The gateway's entry point. It is started as a process, never imported. */
const SOURCES: string = fileURLToPath(new URL("../../../apps/server/src/main.ts", import.meta.url));
/** The bundle that the setup of the tests has made of the sources as they are (`scripts/testing/fresh-bundle.ts`). */
const { HANGAR_BUNDLE: BUNDLE } = process.env;

/**
 * Arguments for `node` that run the command line, for clients that start it themselves: the bundle that is published where there
 * is a fresh one, else the sources.
 */
export function hangarArguments(...args: readonly string[]): readonly string[] {
  return BUNDLE === undefined ? sourceArguments(args) : [BUNDLE, ...args];
}

function sourceArguments(args: readonly string[]): readonly string[] {
  return [SOURCE_CONDITION, "--disable-warning=ExperimentalWarning", SOURCES, ...args];
}

/** Starts `mcp-hangar`; `env` is added to a minimal environment, and may be or hold `FROM_SOURCE`. */
export async function startHangar(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
  cwd?: string,
): Promise<HangarProcess> {
  const fromSource = env.HANGAR_FROM_SOURCE === FROM_SOURCE.HANGAR_FROM_SOURCE;
  const command = {
    command: process.execPath,
    args: fromSource ? sourceArguments(args) : hangarArguments(...args),
    env,
  };
  const child = await startProcess(cwd === undefined ? command : { ...command, cwd });
  const events = (name?: string): readonly LogEvent[] =>
    parseLogEvents(child.stderr()).filter(({ event }) => name === undefined || event === name);
  return { ...child, events, event: (name) => awaitLogEvent(child, name) };
}

/** Runs `mcp-hangar` to its end. */
export function runHangar(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Finished> {
  return runProcess({ command: process.execPath, args: hangarArguments(...args), env });
}

/** Waits for a structured event on the stderr of a process. Throws with that stderr when the process ends first. */
export async function awaitLogEvent(child: RunningProcess, name: string): Promise<LogEvent> {
  let exit: Exit | undefined;
  void child.exited.then((value) => {
    exit = value;
  });
  const find = (): LogEvent | undefined => parseLogEvents(child.stderr()).find(({ event }) => event === name);
  await poll(`the event ${name}`, () => find() !== undefined || exit !== undefined).catch((cause: unknown) => {
    throw new Error(`no event ${name}; stderr:\n${child.stderr().slice(-4000)}`, { cause });
  });
  // Looked for once more after the end: what a process wrote is complete only then.
  const found = find();
  if (found !== undefined) return found;
  throw new Error(`ended (${JSON.stringify(exit)}) before the event ${name}; stderr:\n${child.stderr().slice(-4000)}`);
}
