import { blobWorkload } from "../load/expectation.ts";
import { roundsTable, withContenders } from "./comparison.ts";
import { compared, runRounds, typical } from "./rounds.ts";
import type { Scenario } from "./scenario.ts";

/** Bytes of one large result: the size that the targets name. */
export const largeBytes = 100_000;

/** Results of 100 KB over an HTTP upstream. */
export const largeResults: Scenario = {
  name: "large-results",
  title: "Large results",
  run(context) {
    return withContenders({ options: context.options, behind: "http" }, async (contenders) => {
      const rounds = await runRounds(context, { contenders, workload: blobWorkload(largeBytes), inFlight: 16 });
      return {
        tables: [roundsTable("HTTP upstream, 100 KB results, 16 in flight", rounds)],
        figures: [
          {
            id: "large.16.cpu",
            label: "CPU a call with a 100 KB result, 16 in flight",
            value: typical(rounds, "hangar", (round) => round.cpuMsPerCall),
            unit: "ms",
            target: { atMost: 0.35 },
          },
          {
            id: "large.16.ratio_bare",
            label: "100 KB results, against the bare relay",
            value: compared(rounds, ["hangar", "bare"], (mine, bare) => mine.callsPerSecond / bare.callsPerSecond),
            unit: "×",
          },
        ],
      };
    });
  },
};
