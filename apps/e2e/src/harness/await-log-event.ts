import type { Exit, RunningProcess } from "./child-process.ts";
import { type LogEvent, parseLogEvents } from "./log-events.ts";
import { poll } from "./poll.ts";

/** How long a process may take to be ready, in ms: far more than it needs, for a busy machine. */
const READY_DEADLINE_MS = 20_000;

/** Waits for a structured event on the stderr of a process. Throws with that stderr when the process ends first. */
export async function awaitLogEvent(child: RunningProcess, name: string): Promise<LogEvent> {
  let exit: Exit | undefined;
  void child.exited.then((value) => {
    exit = value;
  });
  const find = (): LogEvent | undefined => parseLogEvents(child.stderr()).find(({ event }) => event === name);
  const outcome = await poll(`the event ${name}`, () => find() ?? exit, READY_DEADLINE_MS).catch((cause: unknown) => {
    throw new Error(`no event ${name}; stderr:\n${child.stderr().slice(-4000)}`, { cause });
  });
  if ("event" in outcome) return outcome as LogEvent;
  throw new Error(`ended (${JSON.stringify(exit)}) before the event ${name}; stderr:\n${child.stderr().slice(-4000)}`);
}
