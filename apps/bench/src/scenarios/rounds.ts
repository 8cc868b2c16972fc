import type { Contender, ContenderName } from "../gateways/contenders.ts";
import { runClosedLoop } from "../load/closed-loop.ts";
import type { Workload } from "../load/expectation.ts";
import { endSession, openSession } from "../load/mcp-session.ts";
import { median, percentile } from "../report/statistics.ts";
import { membersOf, treeBytes, treeCpuMs } from "./members.ts";
import type { ScenarioContext } from "./scenario.ts";

/** What one contender showed in one round. */
export interface Round {
  readonly calls: number;
  readonly callsPerSecond: number;
  /** CPU time of the contender's processes; for `direct` that is the upstream itself. */
  readonly cpuMsPerCall: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Of each call, ascending. */
  readonly latenciesMs: Float64Array;
  readonly residentBytes: number;
}

/** The rounds of every contender: round n of one ran next to round n of the others. */
export type Rounds = ReadonlyMap<string, readonly Round[]>;

/** What to repeat. */
export interface RoundsRequest {
  readonly contenders: readonly Contender[];
  readonly workload: Workload;
  readonly inFlight: number;
}

/**
 * Loads the contenders in turns, so that a slow minute of the machine hits all of them alike.
 *
 * The first turn warms up and is not counted. Each round starts with another contender.
 */
export async function runRounds(context: ScenarioContext, request: RoundsRequest): Promise<Rounds> {
  const { options } = context;
  const rounds = new Map<string, Round[]>(request.contenders.map(({ name }) => [name, []]));
  for (const contender of request.contenders) {
    await runOnce(context, request, contender, Math.min(1, options.seconds));
  }
  for (let round = 0; round < options.rounds; round++) {
    context.progress(`${request.inFlight} in flight, round ${round + 1} of ${options.rounds}`);
    for (let turn = 0; turn < request.contenders.length; turn++) {
      const contender = request.contenders[(turn + round) % request.contenders.length];
      if (contender === undefined) continue;
      rounds.get(contender.name)?.push(await runOnce(context, request, contender, options.seconds));
    }
  }
  return rounds;
}

/** The median over the rounds of one contender; NaN when it did not take part. */
export function typical(rounds: Rounds, name: string, read: (round: Round) => number): number {
  return median((rounds.get(name) ?? []).map(read));
}

/** The median over the rounds of a value that compares two contenders within a round; NaN when one did not take part. */
export function compared(
  rounds: Rounds,
  [name, other]: readonly [ContenderName, ContenderName],
  compare: (mine: Round, theirs: Round) => number,
): number {
  const theirs = rounds.get(other) ?? [];
  return median(
    (rounds.get(name) ?? []).flatMap((mine, at) => {
      const their = theirs[at];
      return their === undefined ? [] : [compare(mine, their)];
    }),
  );
}

/** One turn of one contender. */
export async function runOnce(
  { options }: ScenarioContext,
  { workload, inFlight }: RoundsRequest,
  contender: Contender,
  seconds: number,
): Promise<Round> {
  const { url } = contender.process;
  const members = membersOf(contender);
  const session = await openSession(url, "/mcp", contender.dialect ?? options.era);
  const cpuBeforeMs = treeCpuMs(members);
  try {
    const prefixed = { ...workload, tool: contender.prefix + workload.tool };
    const result = await runClosedLoop({ session, workload: prefixed, inFlight, seconds });
    return {
      calls: result.calls,
      callsPerSecond: result.calls / result.seconds,
      cpuMsPerCall: (treeCpuMs(members) - cpuBeforeMs) / result.calls,
      p50Ms: percentile(result.latenciesMs, 0.5),
      p99Ms: percentile(result.latenciesMs, 0.99),
      latenciesMs: result.latenciesMs,
      residentBytes: treeBytes(members),
    };
  } catch (error) {
    throw new Error(
      `${contender.name} at ${inFlight} in flight: ${error instanceof Error ? error.message : String(error)}`,
      {
        cause: error,
      },
    );
  } finally {
    // A gateway that has failed cannot end it, and has failed the run already.
    await endSession(session).catch(() => {});
  }
}
