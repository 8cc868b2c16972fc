import type { SeededRandom } from "@mcp-hangar/core/testing";
import { endingOfAnswer, endingsOfBatch, type Gateway, legacyClient, modernClient, type SoakClient } from "./client.ts";
import { LEFT, type Ledger } from "./ledger.ts";
import { LASTING, PASSING } from "./world.ts";

/** What a lane needs to know. */
export interface LaneContext {
  readonly gateway: Gateway;
  readonly ledger: Ledger;
  readonly random: SeededRandom;
  /** No call is begun once the ledger has this many. */
  readonly calls: number;
}

interface Plan {
  readonly server: string;
  readonly tool: string;
  readonly arguments: Readonly<Record<string, unknown>>;
}

/** Calls a client makes before another takes its place. */
const CLIENT_CALLS = { min: 20, max: 400 } as const;
/** Sessions that end without a word, in all: the gateway keeps them for an hour, which is no leak. */
const SILENT_ENDS_MAX = 100;
const silentEnds = { count: 0 };

/** One client after the other, each calling until its time is over. Resolves when all calls of the soak are made. */
export async function runLane(context: LaneContext): Promise<void> {
  const { ledger, random, calls, gateway } = context;
  while (ledger.started < calls) {
    const client = random.chance(0.5) ? modernClient(gateway) : await legacyClient(gateway);
    const last = ledger.started + random.integer(CLIENT_CALLS.min, CLIENT_CALLS.max);
    while (ledger.started < Math.min(last, calls)) await oneStep(context, client);
    const silent = silentEnds.count < SILENT_ENDS_MAX && random.chance(0.1);
    if (silent) silentEnds.count += 1;
    await client.close(!silent);
  }
}

async function oneStep(context: LaneContext, client: SoakClient): Promise<void> {
  const dice = context.random.next();
  if (dice < 0.01) await client.send("tools/list", {});
  else if (dice < 0.03) await oneBatch(context, client);
  else if (dice < 0.04) await oneCallThatIsLeft(context, client);
  else await oneCall(context, client);
}

async function oneCall({ ledger, random }: LaneContext, client: SoakClient): Promise<void> {
  const plan = planned(random);
  const id = ledger.begin();
  const name = `${plan.server}__${plan.tool}`;
  try {
    const answer = await client.send("tools/call", { name, arguments: plan.arguments, _meta: { user_id: id } });
    const ending = endingOfAnswer(answer);
    if (ending === undefined) ledger.violate(`${id} (${name}) was answered ${JSON.stringify(answer).slice(0, 300)}`);
    else ledger.end(id, ending);
    if (plan.server === "steady" && ending?.status !== "success") {
      ledger.violate(`${id} (${name}) failed although nothing is wrong with its server: ${JSON.stringify(answer)}`);
    }
  } catch (error) {
    ledger.violate(`${id} (${name}) was not answered: ${String(error)}`);
  }
}

async function oneBatch({ ledger, random }: LaneContext, client: SoakClient): Promise<void> {
  const items = Array.from({ length: random.integer(2, 20) }, () => ({ ...planned(random), id: ledger.begin() }));
  const calls = items.map(({ id, ...plan }) => ({ ...plan, _meta: { user_id: id } }));
  try {
    const answer = await client.send("tools/call", { name: "hangar_call", arguments: { calls } });
    const endings = endingsOfBatch(answer);
    for (const [index, { id, server, tool }] of items.entries()) {
      const ending = endings[index];
      if (ending === undefined) ledger.violate(`${id} (${server} ${tool}): ${JSON.stringify(answer).slice(0, 300)}`);
      else ledger.end(id, ending);
    }
  } catch (error) {
    ledger.violate(`a batch of ${items.length} was not answered: ${String(error)}`);
  }
}

async function oneCallThatIsLeft({ ledger, random }: LaneContext, client: SoakClient): Promise<void> {
  const id = ledger.begin();
  const params = { name: "shaky__sleep", arguments: { ms: 200 }, _meta: { user_id: id } };
  await client.send("tools/call", params, AbortSignal.timeout(random.integer(1, 50))).catch(() => {});
  ledger.end(id, LEFT);
}

/** Most calls are plain; the rest ends in every way that a call can end, and some take their server with them. */
function planned(random: SeededRandom): Plan {
  const server = random.pick([...LASTING, ...PASSING]);
  const dice = random.next();
  if (server === "steady" || dice < 0.95) {
    return { server, tool: dice < 0.03 ? "big" : "echo", arguments: { number: random.integer(0, 1e9) } };
  }
  const tool = dice < 0.9999 ? random.pick(ODD_TOOLS) : random.pick(HARMFUL_TOOLS);
  return { server, tool, arguments: { ms: random.integer(0, 100) } };
}

const ODD_TOOLS = ["is_error", "rpc_error", "no_such_tool", "sleep", "add_tool"] as const;
const HARMFUL_TOOLS = ["garbage", "crash", "silence", "forget_session"] as const;
