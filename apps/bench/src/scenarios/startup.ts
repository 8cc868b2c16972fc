import { setTimeout as sleep } from "node:timers/promises";
import type { Contender, ContenderName } from "../gateways/contenders.ts";
import { openCaller } from "../load/caller.ts";
import { echoWorkload, fault } from "../load/expectation.ts";
import { callWriter, type Era, openSession, sequenceDigits } from "../load/mcp-session.ts";
import { short } from "../report/print.ts";
import { median } from "../report/statistics.ts";
import { withContenders } from "./comparison.ts";
import { membersOf, treeCpuMs } from "./members.ts";
import type { Scenario } from "./scenario.ts";

/** From the start of the process to the first answered tools/call over HTTP, handshakes included. */
export const startup: Scenario = {
  name: "startup",
  title: "Start",
  async run({ options, progress }) {
    const starts = new Map<ContenderName, Start[]>();
    for (let round = 0; round < options.rounds; round++) {
      progress(`start ${round + 1} of ${options.rounds}`);
      for (const name of ["hangar", "sdk", "bare"] as const) {
        await withContenders({ options, behind: "http", names: [name] }, async ([contender]) => {
          if (contender === undefined) return;
          starts.set(name, [...(starts.get(name) ?? []), await firstCall(contender, options.era)]);
        });
      }
    }
    return {
      tables: [
        {
          title: "Process start to first answered call",
          columns: ["", "seconds", "CPU seconds"],
          rows: [...starts].map(([name, values]) => [
            name,
            short(median(values.map(({ seconds }) => seconds))),
            short(median(values.map(({ cpuSeconds }) => cpuSeconds))),
          ]),
        },
      ],
      figures: [
        {
          id: "startup.first_call",
          label: "process start to first answered call",
          value: median((starts.get("hangar") ?? []).map(({ seconds }) => seconds)),
          unit: "s",
          target: { atMost: 0.5 },
        },
      ],
    };
  },
};

/** From the start of a process to its first answered call. */
export interface Start {
  readonly seconds: number;
  /** What of it the process spent computing; on a busy machine the rest is waiting for a core. */
  readonly cpuSeconds: number;
}

/** Milliseconds that a contender may be unready after it listens, and between two tries. */
const readyPatienceMs = 20_000;
const retryMs = 5;

/** Makes the first call to a contender that has just been started; throws when it is not answered rightly. */
export async function firstCall(contender: Contender, era: Era): Promise<Start> {
  const { name, process, listensUnready = false } = contender;
  for (;;) {
    const wrong = await tryCall(contender, era);
    const startedMs = performance.now() - process.startedAtMs;
    if (wrong === undefined) {
      return { seconds: startedMs / 1_000, cpuSeconds: treeCpuMs(membersOf(contender)) / 1_000 };
    }
    if (!listensUnready || startedMs > readyPatienceMs) throw new Error(`the first call to ${name} failed: ${wrong}`);
    await sleep(retryMs);
  }
}

/** What is wrong with the answer to a call in a session of its own; undefined when it is right. */
async function tryCall({ prefix, process, dialect, listensUnready }: Contender, era: Era): Promise<string | undefined> {
  try {
    const session = await openSession(process.url, "/mcp", dialect ?? era);
    try {
      const workload = echoWorkload(200, `${prefix}echo`);
      const sequence = 10 ** (sequenceDigits - 1);
      const request = callWriter(session, workload.tool, workload.argumentsJson).request(sequence);
      const caller = await openCaller(session);
      const answer = await caller.exchange(request, sequence);
      caller.close();
      return fault(workload, sequence, answer);
    } finally {
      session.stream?.close();
    }
  } catch (error) {
    if (listensUnready) return String(error);
    throw error;
  }
}
