import type { Upstream } from "../gateways/contenders.ts";
import { echoWorkload } from "../load/expectation.ts";
import { type Figure, ratioFigure } from "../report/figure.ts";
import { withContenders } from "./comparison.ts";
import type { RoundsRequest } from "./rounds.ts";
import type { Scenario, ScenarioContext } from "./scenario.ts";
import { type TurnTaking, takeTurns } from "./turns.ts";

const TAKING: TurnTaking = { warmUpSeconds: 8, turnSeconds: 0.2 };

const LOADS = [
  { id: "http.16", behind: "http", inFlight: 16, label: "HTTP upstream, 16 in flight" },
  { id: "http.32", behind: "http", inFlight: 32, label: "HTTP upstream, 32 in flight" },
  { id: "stdio.16", behind: "stdio", inFlight: 16, label: "stdio upstream, 16 in flight" },
] as const satisfies readonly { id: string; behind: Upstream["kind"]; inFlight: number; label: string }[];

/** What a call costs against another build, of which `--against` names the entry point; nothing without it. */
export const builds: Scenario = {
  name: "builds",
  title: "Against another build",
  async run(context) {
    const tables = [];
    const figures: Figure[] = [];
    for (const load of context.options.against === undefined ? [] : LOADS) {
      const ratios = await ratiosOf(context, load);
      const label = `CPU a call against the other build, ${load.label}`;
      figures.push({ ...ratioFigure(`builds.${load.id}.cpu_ratio`, label, ratios), target: { atMost: 1.03 } });
      tables.push({
        title: label,
        columns: ["", ...ratios.map((_, life) => `pair ${life + 1}`)],
        rows: [["ratio", ...ratios.map((ratio) => ratio.toFixed(3))]],
      });
    }
    return { tables, figures };
  },
};

/** The ratio of each pair of fresh processes: two processes of one build differ for as long as they live. */
async function ratiosOf(context: ScenarioContext, { behind, inFlight }: (typeof LOADS)[number]): Promise<number[]> {
  const { options, progress } = context;
  const ratios: number[] = [];
  for (let pair = 1; pair <= options.rounds; pair++) {
    progress(`pair ${pair} of ${options.rounds}, ${behind}, ${inFlight} in flight`);
    const ratio = await withContenders({ options, behind, names: ["hangar", "before"] }, (contenders) =>
      ratioOf(context, { contenders, workload: echoWorkload(200), inFlight }),
    );
    ratios.push(ratio);
  }
  return ratios;
}

/** CPU a call of the first contender against the second, over many turns together: the operating system counts in steps of 10 ms. */
async function ratioOf(context: ScenarioContext, request: RoundsRequest): Promise<number> {
  const [own, before] = await takeTurns(context, request, TAKING);
  return own === undefined || before === undefined ? Number.NaN : own.cpuMsPerCall / before.cpuMsPerCall;
}
