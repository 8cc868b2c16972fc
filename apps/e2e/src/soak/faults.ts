import type { SeededRandom } from "@mcp-hangar/core/testing";
import type { Ledger } from "./ledger.ts";
import { PASSING, type World } from "./world.ts";

/** Faults a soak of any length has, at least. */
const FAULTS_MIN = 30;
/** Calls between two faults of a long soak, on average. */
const CALLS_A_FAULT = 4_000;

/** What was done to the servers. */
export interface FaultCounts {
  kills: number;
  restarts: number;
  reloads: number;
}

/** Does something bad again and again, spread over the calls, until `done`. Resolves to what it did. */
export async function injectFaults(
  world: World,
  ledger: Ledger,
  random: SeededRandom,
  calls: number,
  done: AbortSignal,
): Promise<FaultCounts> {
  const counts: FaultCounts = { kills: 0, restarts: 0, reloads: 0 };
  const every = Math.min(CALLS_A_FAULT, calls / FAULTS_MIN);
  for (let next = every; next < calls; next += every * (0.5 + random.next())) {
    while (ledger.started < next && !done.aborted) await pause();
    if (done.aborted) break;
    const kind = random.pick(["kill", "kill", "reload", "reload", "restart"]);
    if (kind === "kill") counts.kills += killOne(world, random);
    else if (kind === "restart") {
      await world.restartRemote();
      counts.restarts += 1;
    } else {
      const passing = PASSING.filter(() => random.chance(0.6));
      await world.reload({ passing, idleTtl: random.pick([300, 400]) });
      counts.reloads += 1;
    }
  }
  return counts;
}

/** Kills a server, its supervisor, or a child of its own. Returns how many were killed. */
function killOne(world: World, random: SeededRandom): number {
  const victims = world.victims();
  const victim = victims[random.integer(0, victims.length - 1)];
  if (victim === undefined) return 0;
  try {
    process.kill(victim, "SIGKILL");
    return 1;
  } catch {
    // It has ended since it was found.
    return 0;
  }
}

function pause(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 5));
}
