import type { Contender, Upstream } from "../gateways/contenders.ts";
import { blobWorkload } from "../load/expectation.ts";
import type { Figure, Findings } from "../report/figure.ts";
import { roundsTable, withContenders } from "./comparison.ts";
import { compared, type Rounds, runRounds, typical } from "./rounds.ts";
import type { Scenario, ScenarioContext } from "./scenario.ts";

/** Bytes of one large result: the size that the targets name. */
export const largeBytes = 100_000;

/** Results that fill many reads, and what they may cost against the bare relay. */
const HUGE = [
  { id: "1mb", label: "1 MB", bytes: 1_000_000, inFlight: 4, atMost: 1.2 },
  { id: "10mb", label: "10 MB", bytes: 10_000_000, inFlight: 2, atMost: 1.3 },
] as const;

const COMPARED = ["hangar", "bare"] as const;

/** Results of 100 KB beside all contenders, and of 1 MB and 10 MB beside the bare relay, which parses nothing of their size. */
export const largeResults: Scenario = {
  name: "large-results",
  title: "Large results",
  async run(context) {
    const { options } = context;
    const found: Findings[] = [
      ...(await withContenders({ options, behind: "http" }, async (contenders) => {
        const rounds = await runRounds(context, { contenders, workload: blobWorkload(largeBytes), inFlight: 16 });
        const table = roundsTable("HTTP upstream, 100 KB results, 16 in flight", rounds);
        const some = contenders.filter(({ name }) => COMPARED.some((each) => each === name));
        return [{ tables: [table], figures: largeFigures(rounds) }, await hugeResults(context, "http", some)];
      })),
      await withContenders({ options, behind: "stdio", names: COMPARED }, (contenders) =>
        hugeResults(context, "stdio", contenders),
      ),
    ];
    return { tables: found.flatMap(({ tables }) => tables), figures: found.flatMap(({ figures }) => figures) };
  },
};

function largeFigures(rounds: Rounds): readonly Figure[] {
  return [
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
  ];
}

async function hugeResults(
  context: ScenarioContext,
  behind: Upstream["kind"],
  contenders: readonly Contender[],
): Promise<Findings> {
  const place = behind === "http" ? "HTTP" : "stdio";
  const tables = [];
  const figures: Figure[] = [];
  for (const { id, label, bytes, inFlight, atMost } of HUGE) {
    const rounds = await runRounds(context, { contenders, workload: blobWorkload(bytes), inFlight });
    tables.push(roundsTable(`${place} upstream, ${label} results, ${inFlight} in flight`, rounds));
    figures.push({
      id: `large.${behind}.${id}.relay_cpu_ratio`,
      label: `CPU a call with a ${label} result against the bare relay, ${place} upstream`,
      value: compared(rounds, COMPARED, (mine, bare) => mine.cpuMsPerCall / bare.cpuMsPerCall),
      unit: "×",
      target: { atMost },
    });
  }
  return { tables, figures };
}
