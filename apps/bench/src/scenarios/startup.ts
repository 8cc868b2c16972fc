import type { Contender, ContenderName } from "../gateways/contenders.ts";
import { echoWorkload, fault } from "../load/expectation.ts";
import { HttpConnection } from "../load/http-connection.ts";
import { callWriter, type Era, openSession, sequenceDigits } from "../load/mcp-session.ts";
import { cpuMs } from "../processes/usage.ts";
import { short } from "../report/print.ts";
import { median } from "../report/statistics.ts";
import { withContenders } from "./comparison.ts";
import type { Scenario } from "./scenario.ts";

/** From the start of the process to the first answered tools/call over HTTP, handshakes included. */
export const startup: Scenario = {
  name: "startup",
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

/** Makes the first call to a contender that has just been started; throws when it is not answered rightly. */
export async function firstCall({ name, prefix, process }: Contender, era: Era): Promise<Start> {
  const session = await openSession(process.url, "/mcp", era);
  const workload = echoWorkload(200, `${prefix}echo`);
  const connection = await HttpConnection.open(process.url);
  const sequence = 10 ** (sequenceDigits - 1);
  const answer = await connection.exchange(
    callWriter(session, workload.tool, workload.argumentsJson).request(sequence),
  );
  const start = {
    seconds: (performance.now() - process.startedAtMs) / 1_000,
    cpuSeconds: cpuMs(process.pid) / 1_000,
  };
  connection.close();
  const wrong = fault(workload, sequence, answer);
  if (wrong !== undefined) throw new Error(`the first call to ${name} failed: ${wrong}`);
  return start;
}
