import { echoWorkload } from "../load/expectation.ts";
import type { Figure } from "../report/figure.ts";
import { roundsTable, withContenders } from "./comparison.ts";
import { compared, runRounds, typical } from "./rounds.ts";
import type { Scenario } from "./scenario.ts";

/** Small calls to one stdio child that many callers share. */
export const stdio: Scenario = {
  name: "stdio",
  title: "Small calls to a stdio child",
  run(context) {
    const names = ["hangar", "sdk", "bare"] as const;
    return withContenders({ options: context.options, behind: "stdio", names }, async (contenders) => {
      const tables = [];
      const figures: Figure[] = [];
      for (const inFlight of [1, 16]) {
        const rounds = await runRounds(context, { contenders, workload: echoWorkload(200), inFlight });
        tables.push(roundsTable(`stdio upstream, 200 B echo, ${inFlight} in flight`, rounds));
        if (inFlight === 1) continue;
        figures.push(
          {
            id: "stdio.16.cpu",
            label: "CPU a call to a stdio child, 16 in flight",
            value: typical(rounds, "hangar", (round) => round.cpuMsPerCall),
            unit: "ms",
            target: { atMost: 0.06 },
          },
          {
            id: "stdio.16.ratio_bare",
            label: "stdio, against the bare relay, 16 in flight",
            value: compared(rounds, ["hangar", "bare"], (mine, bare) => mine.callsPerSecond / bare.callsPerSecond),
            unit: "×",
          },
        );
      }
      return { tables, figures };
    });
  },
};
