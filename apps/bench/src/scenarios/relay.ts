import { join } from "node:path";
import { type Contender, startHangar, startReference } from "../gateways/contenders.ts";
import { echoWorkload } from "../load/expectation.ts";
import { type Launched, workFolder } from "../processes/launch.ts";
import { type Figure, ratioFigure, type Table } from "../report/figure.ts";
import { short } from "../report/print.ts";
import { median } from "../report/statistics.ts";
import { startSink } from "../sinks/sink.ts";
import { withLean } from "../upstreams/lean.ts";
import { allDelivered, callsCounted, journaled, lostShare } from "./observed.ts";
import type { Scenario, ScenarioContext } from "./scenario.ts";
import { type Turns, takeTurns } from "./turns.ts";

/** The gateway with metrics and logs, and with everything that an operator who has to account for calls switches on. */
const PLAIN = "hangar";
const OBSERVED = "hangar, observed";
const RELAYS = ["relay", "bare"] as const;
const IN_FLIGHT = 32;
const WARM_UP_SECONDS = 8;
const TURN_SECONDS = 2;
/** Part of the traces that is recorded. */
const SAMPLE_RATE = 0.01;
/** What issue and contract allow of a call's CPU. */
const CPU_RATIO_MAX = 1.05;

/** What a call costs beside a relay that parses and writes JSON and does nothing else. */
export const relay: Scenario = {
  name: "relay",
  title: "Beside a JSON relay written by hand",
  async run(context) {
    const lives = new Map<string, Turns[]>();
    for (let round = 1; round <= context.options.rounds; round++) {
      context.progress(`round ${round} of ${context.options.rounds}`);
      for (const [name, life] of await livesOf(context)) lives.set(name, [...(lives.get(name) ?? []), life]);
    }
    return { tables: [tableOf(lives)], figures: figuresOf(lives) };
  },
};

/** One round: fresh processes of all, which take turns. */
function livesOf(context: ScenarioContext): Promise<ReadonlyMap<string, Turns>> {
  const { options } = context;
  return withLean(options, async (lean) => {
    const upstream = { kind: "http", endpoint: `${lean.url}/mcp` } as const;
    const stops: (() => Promise<void>)[] = [];
    const contenders: Contender[] = [];
    const add = (contender: Contender): void => {
      stops.unshift(() => contender.process.stop());
      contenders.push(contender);
    };
    try {
      const sink = await startSink("accept");
      stops.unshift(() => sink.stop());
      const observed = await startHangar(upstream, { fromSources: options.fromSources, ...everything(sink) });
      add({ ...observed, name: OBSERVED });
      add(await startHangar(upstream, { fromSources: options.fromSources }));
      for (const name of RELAYS) add(await startReference(name, upstream));
      const request = { contenders, workload: echoWorkload(200), inFlight: IN_FLIGHT };
      const turns = await takeTurns(context, request, {
        warmUpSeconds: Math.min(WARM_UP_SECONDS, options.seconds),
        turnSeconds: Math.min(TURN_SECONDS, options.seconds),
        rest: async ({ name, process }) => {
          if (name === OBSERVED || name === PLAIN) await allDelivered(process);
        },
      });
      await hasObserved(observed.process);
      return new Map(
        contenders.flatMap(({ name }, at) => {
          const own = turns[at];
          return own === undefined ? [] : [[name, own] as const];
        }),
      );
    } finally {
      for (const stop of stops) await stop();
    }
  });
}

let journals = 0;

function everything(sink: Launched): { readonly observability: object; readonly compliance: object } {
  const folder = join(workFolder(), `relay-journal-${journals++}`);
  return {
    observability: { tracing: { endpoint: sink.url, sample_rate: SAMPLE_RATE } },
    compliance: { journal: { folder, mode: "fail_open" }, sinks: [] },
  };
}

/** @throws Error when something was not written down: a gateway that loses its records must not pass for a cheap one. */
async function hasObserved(gateway: Launched): Promise<void> {
  const [records, calls, lost] = [await journaled(gateway), await callsCounted(gateway), await lostShare(gateway)];
  if (calls === 0 || records < calls || lost > 0) {
    throw new Error(
      `of ${calls} calls there are ${records} audit records, and ${lost * 100} % of the telemetry was dropped`,
    );
  }
}

function tableOf(lives: ReadonlyMap<string, readonly Turns[]>): Table {
  return {
    title: `HTTP upstream, 200 B echo, ${IN_FLIGHT} in flight; "observed" has audit journal (fail_open) and traces at 1 %, too`,
    columns: ["", "CPU ms/call", "calls/s", "p50 ms", "p99 ms"],
    rows: [...lives].map(([name, own]) => [
      name,
      median(own.map(({ cpuMsPerCall }) => cpuMsPerCall)).toFixed(4),
      short(median(own.map(({ callsPerSecond }) => callsPerSecond))),
      median(own.map(({ p50Ms }) => p50Ms)).toFixed(3),
      median(own.map(({ p99Ms }) => p99Ms)).toFixed(3),
    ]),
  };
}

/** Ratios are taken within a round. */
function figuresOf(lives: ReadonlyMap<string, readonly Turns[]>): readonly Figure[] {
  const ratio = (id: string, label: string, [name, other]: readonly [string, string]): Figure =>
    ratioFigure(
      id,
      label,
      (lives.get(name) ?? []).flatMap((life, round) => {
        const their = lives.get(other)?.[round];
        return their === undefined ? [] : [life.cpuMsPerCall / their.cpuMsPerCall];
      }),
    );
  const all = "metrics, logs, audit journal (fail_open) and traces at 1 %";
  return [
    {
      ...ratio("relay.cpu_ratio", `CPU a call with ${all} against a JSON relay by hand`, [OBSERVED, "relay"]),
      target: { atMost: CPU_RATIO_MAX },
    },
    ratio("relay.plain_cpu_ratio", "CPU a call with metrics and logs against a JSON relay by hand", [PLAIN, "relay"]),
    ratio("relay.bare_cpu_ratio", `CPU a call with ${all} against the bare relay`, [OBSERVED, "bare"]),
  ];
}
