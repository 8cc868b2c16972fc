import { echoWorkload } from "../load/expectation.ts";
import type { Figure } from "../report/figure.ts";
import { roundsTable, withContenders } from "./comparison.ts";
import { compared, type Rounds, runRounds, typical } from "./rounds.ts";
import type { Scenario } from "./scenario.ts";

/** Small calls over HTTP on both sides, alone and with 16 and 32 in flight. */
export const throughput: Scenario = {
  name: "throughput",
  title: "Small calls over HTTP",
  run(context) {
    return withContenders({ options: context.options, behind: "http" }, async (contenders) => {
      const tables = [];
      const figures: Figure[] = [];
      for (const inFlight of [1, 16, 32]) {
        const rounds = await runRounds(context, { contenders, workload: echoWorkload(200), inFlight });
        tables.push(roundsTable(`HTTP upstream, 200 B echo, ${inFlight} in flight`, rounds));
        figures.push(...(inFlight === 1 ? aloneFigures(rounds) : loadedFigures(rounds, inFlight)));
      }
      return { tables, figures };
    });
  },
};

function aloneFigures(rounds: Rounds): Figure[] {
  return [
    {
      id: "throughput.1.added_p50",
      label: "added p50, alone",
      value: compared(rounds, ["hangar", "direct"], (mine, direct) => mine.p50Ms - direct.p50Ms),
      unit: "ms",
      target: { atMost: 0.35 },
    },
    {
      id: "throughput.1.added_p99",
      label: "added p99, alone",
      value: compared(rounds, ["hangar", "direct"], (mine, direct) => mine.p99Ms - direct.p99Ms),
      unit: "ms",
    },
    {
      id: "throughput.1.cpu",
      label: "CPU a call, alone",
      value: typical(rounds, "hangar", (round) => round.cpuMsPerCall),
      unit: "ms",
    },
  ];
}

function loadedFigures(rounds: Rounds, inFlight: number): Figure[] {
  const id = `throughput.${inFlight}`;
  return [
    {
      id: `${id}.calls_per_second`,
      label: `throughput, ${inFlight} in flight`,
      value: typical(rounds, "hangar", (round) => round.callsPerSecond),
      unit: "calls/s",
    },
    {
      id: `${id}.ratio_sdk`,
      label: `against the SDK gateway, ${inFlight} in flight`,
      value: compared(rounds, ["hangar", "sdk"], (mine, sdk) => mine.callsPerSecond / sdk.callsPerSecond),
      unit: "×",
      target: { atLeast: 6 },
    },
    {
      id: `${id}.ratio_bare`,
      label: `against the bare relay, ${inFlight} in flight`,
      value: compared(rounds, ["hangar", "bare"], (mine, bare) => mine.callsPerSecond / bare.callsPerSecond),
      unit: "×",
      target: { atLeast: 0.8 },
    },
    {
      id: `${id}.cpu`,
      label: `CPU a call, ${inFlight} in flight`,
      value: typical(rounds, "hangar", (round) => round.cpuMsPerCall),
      unit: "ms",
      target: { atMost: 0.15 },
    },
  ];
}
