import { setTimeout as sleep } from "node:timers/promises";
import type { Contender, ContenderName, Upstream } from "../gateways/contenders.ts";
import { echoWorkload } from "../load/expectation.ts";
import { installOwn, installPeer } from "../peers/install.ts";
import { peerNames, peers as pinned } from "../peers/pins.ts";
import type { Findings } from "../report/figure.ts";
import { withContenders } from "./comparison.ts";
import { membersOf, sampledBytes, treeBytes } from "./members.ts";
import { type Life, peerFigures, peerTable } from "./peer-findings.ts";
import { runOnce } from "./rounds.ts";
import type { Scenario, ScenarioContext } from "./scenario.ts";
import { firstCall } from "./startup.ts";

/** Who can stand in front of which upstream; two of the peers know stdio only. */
const CONTENDERS: Readonly<Record<Upstream["kind"], readonly ContenderName[]>> = {
  http: ["hangar", "sdk", "bare", "mcp-hub"],
  stdio: ["hangar", "sdk", "bare", ...peerNames],
};
/** Milliseconds in which a gateway settles after its first call. */
const SETTLE_MS = 1_000;
/** Seconds under load before the first that count. */
const WARM_UP_SECONDS = 2;

/** The gateway beside those that npm has: start, memory, size, cost and speed, each in fresh processes that take turns. */
export const peers: Scenario = {
  name: "peers",
  title: "Beside gateways from npm",
  async run(context) {
    const { options, progress } = context;
    if (!options.peers) return { tables: [], figures: [] };
    const sizes = await install(progress);
    const found: Findings[] = [];
    for (const behind of ["http", "stdio"] as const) {
      const lives = new Map<string, Life[]>();
      for (let round = 0; round < options.rounds; round++) {
        for (const name of rotated(CONTENDERS[behind], round)) {
          progress(`${behind} upstream, round ${round + 1} of ${options.rounds}, ${name}`);
          await withContenders({ options, behind, names: [name] }, async ([contender]) => {
            if (contender !== undefined) put(lives, name, await live(context, contender));
          });
        }
      }
      found.push({ tables: [peerTable(behind, lives, sizes)], figures: peerFigures(behind, lives) });
    }
    const own = sizes.get("hangar") ?? Number.NaN;
    return {
      tables: found.flatMap(({ tables }) => tables),
      figures: [
        ...found.flatMap(({ figures }) => figures),
        { id: "peers.installed", label: "installed, with all that it depends on", value: own / 1e6, unit: "MB" },
      ],
    };
  },
};

/** Installs all of them before anything is measured; how many bytes each takes. */
async function install(progress: (text: string) => void): Promise<ReadonlyMap<string, number>> {
  const sizes = new Map<string, number>();
  for (const name of peerNames) {
    progress(`installing ${name} ${pinned[name].version}, unless it is there`);
    sizes.set(name, (await installPeer(pinned[name])).bytes);
  }
  progress("packing and installing mcp-hangar");
  sizes.set("hangar", (await installOwn()).bytes);
  return sizes;
}

/** One life of a contender: its start, its rest, and its work alone and with many callers. */
async function live(context: ScenarioContext, contender: Contender): Promise<Life> {
  const { seconds } = context.options;
  const start = await firstCall(contender, context.options.era);
  await sleep(Math.min(SETTLE_MS, seconds * 1_000));
  const members = membersOf(contender);
  const idleBytes = treeBytes(members);
  const request = { contenders: [contender], workload: echoWorkload(200) };
  const { samples, result } = await sampledBytes(members, async () => {
    await runOnce(context, { ...request, inFlight: 32 }, contender, Math.min(WARM_UP_SECONDS, seconds));
    return {
      alone: await runOnce(context, { ...request, inFlight: 1 }, contender, seconds),
      many: await runOnce(context, { ...request, inFlight: 32 }, contender, seconds),
    };
  });
  return { start, idleBytes, peakBytes: Math.max(...samples), ...result };
}

function rotated<T>(list: readonly T[], by: number): readonly T[] {
  const at = by % list.length;
  return [...list.slice(at), ...list.slice(0, at)];
}

function put(lives: Map<string, Life[]>, name: string, life: Life): void {
  lives.set(name, [...(lives.get(name) ?? []), life]);
}
