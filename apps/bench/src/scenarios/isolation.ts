import { setTimeout as sleep } from "node:timers/promises";
import { launchHangar } from "../gateways/contenders.ts";
import { runClosedLoop } from "../load/closed-loop.ts";
import { echoWorkload } from "../load/expectation.ts";
import { openSession } from "../load/mcp-session.ts";
import { modernRequest } from "../load/modern-request.ts";
import { short } from "../report/print.ts";
import { median, percentile } from "../report/statistics.ts";
import { withLean } from "../upstreams/lean.ts";
import type { Scenario } from "./scenario.ts";

/** Calls that always hang at the slow server; each caller leaves after {@link patienceMs} and calls again. */
const hanging = 32;
const patienceMs = 1_000;
/** Milliseconds between two calls to the dead server. */
const deadEveryMs = 20;
/** Nothing listens here: the connection is refused. */
const deadEndpoint = "http://127.0.0.1:9/mcp";

/** What a dead and a slow server do to the calls of a third one, and to the list of all tools. */
export const isolation: Scenario = {
  name: "isolation",
  title: "Beside a slow and a dead server",
  run({ options, progress }) {
    return withLean({ ...options, muteCalls: true }, (slow) =>
      withLean(options, async (lean) => {
        const upstreams = {
          lean: { kind: "http", endpoint: `${lean.url}/mcp` },
          slow: { kind: "http", endpoint: `${slow.url}/mcp` },
          dead: { kind: "http", endpoint: deadEndpoint },
        } as const;
        const hangar = await launchHangar(upstreams, options);
        try {
          const session = await openSession(hangar.url, "/mcp", options.era);
          const workload = { ...echoWorkload(200), tool: "lean__echo" };
          const load = async (): Promise<number> => {
            const { latenciesMs } = await runClosedLoop({ session, workload, inFlight: 4, seconds: options.seconds });
            return percentile(latenciesMs, 0.99);
          };
          await load();
          await listMs(hangar.url);
          const rounds: Round[] = [];
          for (let round = 0; round < options.rounds; round++) {
            progress(`neighbours, round ${round + 1} of ${options.rounds}`);
            const alone = await load();
            await using neighbours = badNeighbours(hangar.url);
            await neighbours.hang;
            rounds.push({ alone, beside: await load(), listMs: await listMs(hangar.url) });
          }
          return findings(rounds);
        } finally {
          await hangar.stop();
        }
      }),
    );
  },
};

interface Round {
  /** P99 in ms, with nobody else calling. */
  readonly alone: number;
  /** P99 in ms, beside calls that hang and calls that fail. */
  readonly beside: number;
  /** One `tools/list` of all servers, in ms. */
  readonly listMs: number;
}

function findings(rounds: readonly Round[]): Awaited<ReturnType<Scenario["run"]>> {
  const middle = (read: (round: Round) => number): number => median(rounds.map(read));
  return {
    tables: [
      {
        title: `Calls to one server, 4 in flight, beside ${hanging} that hang at another and ${1_000 / deadEveryMs} a second to a dead one`,
        columns: ["", "p99 ms"],
        rows: [
          ["alone", short(middle(({ alone }) => alone))],
          ["beside them", short(middle(({ beside }) => beside))],
        ],
      },
    ],
    figures: [
      {
        id: "isolation.added_p99",
        label: "added p99 beside a slow and a dead server",
        value: middle(({ alone, beside }) => beside - alone),
        unit: "ms",
        target: { atMost: 5 },
      },
      {
        id: "isolation.list",
        label: "tools/list beside a slow and a dead server",
        value: middle((round) => round.listMs),
        unit: "ms",
        target: { atMost: 50 },
      },
    ],
  };
}

interface Neighbours extends AsyncDisposable {
  /** Resolves when calls hang at the slow server. */
  readonly hang: Promise<void>;
}

function badNeighbours(url: string): Neighbours {
  const stop = new AbortController();
  const lanes = Array.from({ length: hanging }, async () => {
    while (!stop.signal.aborted) {
      await call(url, "slow__echo", AbortSignal.any([stop.signal, AbortSignal.timeout(patienceMs)]));
    }
  });
  const dead = (async () => {
    while (!stop.signal.aborted) {
      await call(url, "dead__echo", stop.signal);
      await sleep(deadEveryMs, undefined, { signal: stop.signal }).catch(() => {});
    }
  })();
  return {
    hang: sleep(patienceMs / 2),
    async [Symbol.asyncDispose]() {
      stop.abort();
      await Promise.all([...lanes, dead]);
    },
  };
}

/** A call whose end does not matter. */
async function call(url: string, name: string, signal: AbortSignal): Promise<void> {
  try {
    const answer = await modernRequest(url, "tools/call", { name, arguments: {} }, signal);
    await answer.arrayBuffer();
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}

async function listMs(url: string): Promise<number> {
  const beganMs = performance.now();
  const answer = await modernRequest(url, "tools/list", {}, AbortSignal.timeout(30_000));
  const body = await answer.text();
  if (!body.includes("lean__echo"))
    throw new Error(`tools/list left out the server that is well: ${body.slice(0, 300)}`);
  return performance.now() - beganMs;
}
