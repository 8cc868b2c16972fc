import type { Contender } from "../gateways/contenders.ts";
import { cpuMs } from "../processes/usage.ts";
import { percentile } from "../report/statistics.ts";
import { type Round, type RoundsRequest, runOnce } from "./rounds.ts";
import type { ScenarioContext } from "./scenario.ts";

/** How contenders take turns. */
export interface TurnTaking {
  /** How long V8 goes on optimising a fresh gateway under load, in seconds. */
  readonly warmUpSeconds: number;
  /** On a shared machine a core is a third slower from one second to the next. */
  readonly turnSeconds: number;
  /** Resolves when a contender has done what its turn has left to do, so that it is not done in the turn of another. */
  readonly rest?: (contender: Contender) => Promise<void>;
}

/** What one contender showed over all of its turns. */
export interface Turns {
  readonly callsPerSecond: number;
  /** CPU time of its process from its first turn to the end of all, what it did after them included. */
  readonly cpuMsPerCall: number;
  readonly p50Ms: number;
  /** Over all calls, so that a rare stall counts. */
  readonly p99Ms: number;
}

/** Loads contenders in turns until each had its `seconds`; what each showed, in their order. */
export async function takeTurns(
  context: ScenarioContext,
  request: RoundsRequest,
  { warmUpSeconds, turnSeconds, rest = () => Promise.resolve() }: TurnTaking,
): Promise<readonly Turns[]> {
  for (const contender of request.contenders) {
    await runOnce(context, request, contender, warmUpSeconds);
    await rest(contender);
  }
  const taken = request.contenders.map((contender) => ({
    contender,
    cpuBeforeMs: cpuMs(contender.process.pid),
    rounds: [] as Round[],
  }));
  const order = [...taken];
  for (let seconds = 0; seconds < context.options.seconds; seconds += turnSeconds) {
    for (const { contender, rounds } of order) {
      rounds.push(await runOnce(context, request, contender, turnSeconds));
      await rest(contender);
    }
    order.reverse();
  }
  return taken.map(({ contender, cpuBeforeMs, rounds }) => shown(contender, cpuBeforeMs, rounds));
}

function shown({ process }: Contender, cpuBeforeMs: number, rounds: readonly Round[]): Turns {
  const calls = rounds.reduce((sum, round) => sum + round.calls, 0);
  const seconds = rounds.reduce((sum, round) => sum + round.calls / round.callsPerSecond, 0);
  const latenciesMs = Float64Array.from(rounds.flatMap((round) => [...round.latenciesMs])).sort();
  return {
    callsPerSecond: calls / seconds,
    cpuMsPerCall: (cpuMs(process.pid) - cpuBeforeMs) / calls,
    p50Ms: percentile(latenciesMs, 0.5),
    p99Ms: percentile(latenciesMs, 0.99),
  };
}
