import { setTimeout as sleep } from "node:timers/promises";
import { echoWorkload } from "../load/expectation.ts";
import { ratioFigure } from "../report/figure.ts";
import { median } from "../report/statistics.ts";
import { receivedBy } from "../sinks/sink.ts";
import { EVERYTHING, withExporting } from "./exporting.ts";
import type { Scenario } from "./scenario.ts";
import { type Turns, takeTurns } from "./turns.ts";

/** Few enough that calls do not wait for each other: a delay is one that an exporter has caused. */
const IN_FLIGHT = 4;
const TAKING = { warmUpSeconds: 8, turnSeconds: 2 };
/** Pause after each turn, in seconds, in which a gateway sends what it has gathered, and not in the turn of the next one. */
const REST_SECONDS = 1.5;

const WELL = "well";
/** What is compared with a destination that is well, and a second one that is: their ratio is the noise. */
const COMPARED = ["well again", "hangs", "answers 503"] as const;

/** What calls notice of a destination of telemetry that hangs or refuses, with everything exported. */
export const exporterFaults: Scenario = {
  name: "exporter-faults",
  title: "When the destination of telemetry fails",
  async run(context) {
    const { options } = context;
    const rounds: ReadonlyMap<string, Turns>[] = [];
    for (let round = 1; round <= options.rounds; round++) {
      context.progress(`round ${round} of ${options.rounds}`);
      rounds.push(await oneRound());
    }
    const of = (name: string): readonly Turns[] => rounds.flatMap((round) => round.get(name) ?? []);
    const against = (name: string, read: (turns: Turns) => number): readonly number[] =>
      of(name).map((turns, round) => read(turns) / read(of(WELL)[round] ?? turns));
    return {
      tables: [
        {
          title: `Calls beside a destination of telemetry that fails, everything exported, ${IN_FLIGHT} in flight`,
          columns: ["", "calls/s", "CPU ms/call", "p99 ms"],
          rows: [WELL, ...COMPARED].map((name) => [
            name,
            median(of(name).map((turns) => turns.callsPerSecond)).toFixed(0),
            median(of(name).map((turns) => turns.cpuMsPerCall)).toFixed(4),
            median(of(name).map((turns) => turns.p99Ms)).toFixed(3),
          ]),
        },
      ],
      figures: COMPARED.map((name) => {
        const isWell = name === "well again";
        const label = `p99 of calls, a destination that ${isWell ? "is well, too," : name} against one that is well`;
        const ratios = against(name, (turns) => turns.p99Ms);
        const figure = ratioFigure(`exporter-faults.${name.replaceAll(" ", "_")}.p99_ratio`, label, ratios);
        // The ratio of two that are well is off 1 by up to as much.
        return isWell ? figure : { ...figure, target: { atMost: 1.1 } };
      }),
    };

    function oneRound(): Promise<ReadonlyMap<string, Turns>> {
      const shorter = (seconds: number): number => Math.min(seconds, options.seconds);
      const taking = {
        warmUpSeconds: shorter(TAKING.warmUpSeconds),
        turnSeconds: shorter(TAKING.turnSeconds),
        rest: () => sleep(shorter(REST_SECONDS) * 1_000),
      };
      const wanted = {
        [WELL]: EVERYTHING,
        "well again": EVERYTHING,
        hangs: { ...EVERYTHING, sink: "hang" },
        "answers 503": { ...EVERYTHING, sink: "unavailable" },
      } as const;
      return withExporting(context, wanted, async (contenders) => {
        const request = { contenders, workload: echoWorkload(200), inFlight: IN_FLIGHT };
        const turns = await takeTurns(context, request, taking);
        for (const { name, sink } of contenders) {
          if ((await receivedBy(sink)).requests === 0)
            throw new Error(`the destination that ${name} was asked nothing`);
        }
        return new Map(contenders.flatMap(({ name }, at) => (turns[at] === undefined ? [] : [[name, turns[at]]])));
      });
    }
  },
};
