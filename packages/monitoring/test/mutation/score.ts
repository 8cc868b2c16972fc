import type { Scenario } from "../../src/model.ts";
import { perform } from "../promtool.ts";
import { equivalents } from "./equivalents.ts";
import type { Mutant } from "./mutants.ts";

/** What became of some mutants. */
export interface Score {
  readonly killed: readonly Mutant[];
  readonly survived: readonly Mutant[];
  /** Survivors that nothing can kill, with the reason. */
  readonly equivalent: readonly (readonly [Mutant, reason: string])[];
}

/** These kill most mutants, one after the other, so that the others need to be played for few. */
const DEADLY: readonly Scenario["kind"][] = ["fires", "just below stays silent"];
const TURNS: readonly ((kind: Scenario["kind"]) => boolean)[] = [
  ...DEADLY.map((deadly) => (kind: Scenario["kind"]) => kind === deadly),
  (kind) => !DEADLY.includes(kind),
];

/** So many are played at a time: enough to keep promtool busy, and few enough that each round is soon over. */
const ROUND = 100;

/**
 * Plays the scenarios of each mutant's alert, until one of them notices the damage. `progress` is told after each round how many
 * mutants were played so far and which of them nothing has noticed.
 */
export async function scoreOf(
  mutants: readonly Mutant[],
  progress: (played: number, alive: readonly Mutant[]) => void = () => {},
): Promise<Score> {
  const alive: Mutant[] = [];
  for (let from = 0; from < mutants.length; from += ROUND) {
    alive.push(...(await survivorsOf(mutants.slice(from, from + ROUND))));
    progress(Math.min(from + ROUND, mutants.length), alive);
  }
  const equivalent = alive.flatMap((mutant) => {
    const reason = reasonFor(mutant);
    return reason === undefined ? [] : [[mutant, reason] as const];
  });
  return {
    killed: mutants.filter((mutant) => !alive.includes(mutant)),
    survived: alive.filter((mutant) => reasonFor(mutant) === undefined),
    equivalent,
  };
}

async function survivorsOf(mutants: readonly Mutant[]): Promise<readonly Mutant[]> {
  let alive = mutants;
  for (const isTurn of TURNS) {
    const verdicts = await perform(
      alive.map(({ alert, stack }) => ({
        stack,
        scenarios: stack.scenarios.filter((scenario) => scenario.alert === alert && isTurn(scenario.kind)),
      })),
    );
    alive = alive.filter((mutant, index) => !wasNoticed(mutant, verdicts[index] ?? ""));
  }
  return alive;
}

/** A mutant in one line. */
export function describeMutant({ alert, where, operator, what }: Mutant): string {
  return `${alert}: ${operator}: ${what}${where === alert ? "" : ` in ${where}`}`;
}

/** A rule that cannot be evaluated is noticed too; one that promtool cannot even read proves nothing. */
function wasNoticed(mutant: Mutant, verdict: string): boolean {
  if (verdict === "") return false;
  if (!verdict.includes("exp:") && !verdict.includes(", err: "))
    throw new Error(`${describeMutant(mutant)} is no valid rule: ${verdict}`);
  return true;
}

function reasonFor(mutant: Mutant): string | undefined {
  return equivalents.find(({ isOne }) => isOne(mutant))?.reason;
}
