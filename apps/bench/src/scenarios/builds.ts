import type { Upstream } from "../gateways/contenders.ts";
import { echoWorkload } from "../load/expectation.ts";
import type { Figure } from "../report/figure.ts";
import { geometricMean, relativeError } from "../report/statistics.ts";
import { withContenders } from "./comparison.ts";
import { type RoundsRequest, runOnce } from "./rounds.ts";
import type { Scenario, ScenarioContext } from "./scenario.ts";

/** How long V8 goes on optimising a fresh gateway under load, in seconds. */
const WARM_UP_SECONDS = 8;
/** One turn of load, in seconds: on a shared machine a core is a third slower from one second to the next. */
const TURN_SECONDS = 0.2;

const LOADS = [
  { id: "http.16", behind: "http", inFlight: 16, label: "HTTP upstream, 16 in flight" },
  { id: "http.32", behind: "http", inFlight: 32, label: "HTTP upstream, 32 in flight" },
  { id: "stdio.16", behind: "stdio", inFlight: 16, label: "stdio upstream, 16 in flight" },
] as const satisfies readonly { id: string; behind: Upstream["kind"]; inFlight: number; label: string }[];

/** What a call costs against another build, of which `--against` names the entry point; nothing without it. */
export const builds: Scenario = {
  name: "builds",
  async run(context) {
    const tables = [];
    const figures: Figure[] = [];
    for (const load of context.options.against === undefined ? [] : LOADS) {
      const ratios = await ratiosOf(context, load);
      const error = `${(relativeError(ratios) * 100).toFixed(1)} %`;
      figures.push({
        id: `builds.${load.id}.cpu_ratio`,
        label: `CPU a call against the other build (± ${error}), ${load.label}`,
        value: geometricMean(ratios),
        unit: "×",
        target: { atMost: 1.03 },
      });
      tables.push({
        title: `CPU a call against the other build, ${load.label}`,
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
  const spent = request.contenders.map((contender) => ({ contender, cpuMs: 0, calls: 0 }));
  for (const { contender } of spent) await runOnce(context, request, contender, WARM_UP_SECONDS);
  for (let seconds = 0; seconds < context.options.seconds; seconds += TURN_SECONDS) {
    for (const each of spent) {
      const { calls, cpuMsPerCall } = await runOnce(context, request, each.contender, TURN_SECONDS);
      each.calls += calls;
      each.cpuMs += calls * cpuMsPerCall;
    }
    spent.reverse();
  }
  const cpuMsPerCall = (name: "hangar" | "before"): number => {
    const own = spent.find(({ contender }) => contender.name === name);
    return own === undefined ? Number.NaN : own.cpuMs / own.calls;
  };
  return cpuMsPerCall("hangar") / cpuMsPerCall("before");
}
