import { setTimeout as sleep } from "node:timers/promises";
import type { Contender } from "../gateways/contenders.ts";
import { echoWorkload } from "../load/expectation.ts";
import { residentBytes } from "../processes/usage.ts";
import { type Figure, ratioFigure, type Table } from "../report/figure.ts";
import { short } from "../report/print.ts";
import { median } from "../report/statistics.ts";
import { receivedBy } from "../sinks/sink.ts";
import { EVERYTHING, type Exporting, type ExportingContender, withExporting } from "./exporting.ts";
import { allDelivered, lostShare } from "./observed.ts";
import type { Scenario, ScenarioContext } from "./scenario.ts";
import { firstCall, type Start } from "./startup.ts";
import { type Turns, takeTurns } from "./turns.ts";

const OFF = "off";
/** What is compared with a gateway that exports nothing, by the name of its figures. */
const VARIANTS: Readonly<Record<string, Exporting>> = {
  "tracing at 1 %": { tracing: 0.01 },
  "tracing at 100 %": { tracing: 1 },
  langfuse: { langfuse: true },
  "otlp audit": { audit: true },
  everything: EVERYTHING,
};
/** The ratio of calls a second that the contract asks for, by variant. */
const THROUGHPUT_MIN: Readonly<Record<string, number>> = { "tracing at 100 %": 0.7 };

const IN_FLIGHT = 16;
const WARM_UP_SECONDS = 8;
/** Longer than the second for which exporters gather. */
const TURN_SECONDS = 2;
/** Milliseconds until the memory of a gateway that was just started is read. */
const IDLE_MS = 1_000;

/** What one gateway showed in one round. */
interface Life extends Turns {
  readonly start: Start;
  readonly idleBytes: number;
  /** Part of its telemetry that was dropped. */
  readonly lost: number;
}

/** What exporters cost: CPU a call, throughput, start and memory, beside a gateway of the same build without any. */
export const exporters: Scenario = {
  name: "exporters",
  title: "What exporters cost",
  async run(context) {
    const lives = new Map<string, Life[]>();
    for (let round = 1; round <= context.options.rounds; round++) {
      const progress = (text: string): void => context.progress(`round ${round} of ${context.options.rounds}: ${text}`);
      for (const [name, life] of await livesOf({ ...context, progress })) {
        lives.set(name, [...(lives.get(name) ?? []), life]);
      }
    }
    return { tables: [tableOf(lives)], figures: Object.keys(VARIANTS).flatMap((name) => figuresOf(lives, name)) };
  },
};

/** One round: fresh processes of all variants, which take turns. */
function livesOf(context: ScenarioContext): Promise<ReadonlyMap<string, Life>> {
  const { options, progress } = context;
  const shorter = (seconds: number): number => Math.min(seconds, options.seconds);
  const taking = {
    warmUpSeconds: shorter(WARM_UP_SECONDS),
    turnSeconds: shorter(TURN_SECONDS),
    rest: ({ process }: Contender) => allDelivered(process),
  };
  const begun = new Map<string, Pick<Life, "start" | "idleBytes">>();
  const began = async (contender: ExportingContender): Promise<void> => {
    const start = await firstCall(contender, options.era);
    await sleep(Math.min(IDLE_MS, options.seconds * 1_000));
    begun.set(contender.name, { start, idleBytes: residentBytes(contender.process.pid) });
  };
  return withExporting(
    context,
    { [OFF]: {}, ...VARIANTS },
    async (contenders) => {
      progress(`${IN_FLIGHT} in flight`);
      const request = { contenders, workload: echoWorkload(200), inFlight: IN_FLIGHT };
      const turns = await takeTurns(context, request, taking);
      const lives = new Map<string, Life>();
      for (const [at, { name, process, sink }] of contenders.entries()) {
        const [own, first] = [turns[at], begun.get(name)];
        if (own === undefined || first === undefined) continue;
        if (exportsAnyCall(name) && (await receivedBy(sink)).requests === 0)
          throw new Error(`${name} has exported nothing`);
        lives.set(name, { ...own, ...first, lost: await lostShare(process) });
      }
      return lives;
    },
    began,
  );
}

/** Whether a single call is exported for certain: of a sample there may be nothing in a short run. */
function exportsAnyCall(name: string): boolean {
  const { tracing = 0, audit = false, langfuse = false } = VARIANTS[name] ?? {};
  return tracing === 1 || audit || langfuse;
}

function tableOf(lives: ReadonlyMap<string, readonly Life[]>): Table {
  const middle = (own: readonly Life[], read: (life: Life) => number): number => median(own.map(read));
  return {
    title: `Exporters to a destination that accepts everything, HTTP upstream, 200 B echo, ${IN_FLIGHT} in flight`,
    columns: ["", "CPU ms/call", "calls/s", "p99 ms", "first call s", "RSS idle MB", "dropped"],
    rows: [...lives].map(([name, own]) => [
      name,
      middle(own, (life) => life.cpuMsPerCall).toFixed(4),
      short(middle(own, (life) => life.callsPerSecond)),
      middle(own, (life) => life.p99Ms).toFixed(3),
      middle(own, (life) => life.start.seconds).toFixed(3),
      short(middle(own, (life) => life.idleBytes / 1e6)),
      `${(middle(own, (life) => life.lost) * 100).toFixed(1)} %`,
    ]),
  };
}

/** Ratios are taken within a round. */
function figuresOf(lives: ReadonlyMap<string, readonly Life[]>, name: string): readonly Figure[] {
  const off = lives.get(OFF) ?? [];
  const ratios = (read: (life: Life) => number): readonly number[] =>
    (lives.get(name) ?? []).flatMap((life, round) => {
      const without = off[round];
      return without === undefined ? [] : [read(life) / read(without)];
    });
  const id = `exporters.${name.replaceAll(/[ %]+/g, "_").replace(/_$/, "")}`;
  const figure = (what: string, label: string, values: readonly number[]): Figure =>
    ratioFigure(`${id}.${what}`, `${label}, ${name} against off`, values);
  const atLeast = THROUGHPUT_MIN[name];
  return [
    figure(
      "cpu_ratio",
      "CPU a call",
      ratios((life) => life.cpuMsPerCall),
    ),
    {
      ...figure(
        "throughput_ratio",
        "calls a second",
        ratios((life) => life.callsPerSecond),
      ),
      ...(atLeast !== undefined && { target: { atLeast } }),
    },
    figure(
      "start_ratio",
      "process start to first call",
      ratios((life) => life.start.seconds),
    ),
    figure(
      "rss_ratio",
      "RSS idle",
      ratios((life) => life.idleBytes),
    ),
  ];
}
