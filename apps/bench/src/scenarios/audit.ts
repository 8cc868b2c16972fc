import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { type Contender, startHangar } from "../gateways/contenders.ts";
import { echoWorkload } from "../load/expectation.ts";
import { groupCommitsMs } from "../processes/group-commit.ts";
import { type Launched, launch, workFolder } from "../processes/launch.ts";
import { type Figure, ratioFigure, type Table } from "../report/figure.ts";
import { short } from "../report/print.ts";
import { median, percentile } from "../report/statistics.ts";
import { withLean } from "../upstreams/lean.ts";
import { allDelivered, callsCounted, journaled, lostShare } from "./observed.ts";
import type { Scenario, ScenarioContext } from "./scenario.ts";
import { type Turns, takeTurns } from "./turns.ts";

const OFF = "off";
/** The journal alone; and with a file of JSON lines and syslog over TCP. */
const MODES = ["journal", "fail_open", "fail_closed"] as const;
const IN_FLIGHT = 16;
/** V8 compiles the trail once in a life, which takes it a second or two: in a short run that is most of what is seen. */
const WARM_UP_SECONDS = 25;
const TURN_SECONDS = 2;
/** What the contract asks for, of a call's CPU. */
const CPU_RATIO_MAX = 1.1;
/** And of its p99 with `fail_closed`, in group commits. */
const COMMITS_MAX = 1;

/** The longest that a sink lets records gather, and a little more; in ms. */
const GATHERED_MS = 1_500;

/** What one gateway showed in one round. */
interface Life extends Turns {
  /** Records of the journal a call, and bytes a record; 0 without a journal. */
  readonly recordsPerCall: number;
  readonly bytesPerRecord: number;
  readonly lost: number;
}

/** What the audit trail costs, beside a gateway of the same build without any. */
export const audit: Scenario = {
  name: "audit",
  title: "What the audit trail costs",
  async run(context) {
    const lives = new Map<string, Life[]>();
    const commits: Float64Array[] = [];
    for (let round = 1; round <= context.options.rounds; round++) {
      const progress = (text: string): void => context.progress(`round ${round} of ${context.options.rounds}: ${text}`);
      for (const [name, life] of await livesOf({ ...context, progress })) {
        lives.set(name, [...(lives.get(name) ?? []), life]);
      }
      // On the disk of the journals, between two rounds.
      commits.push(await groupCommitsMs(workFolder()));
    }
    const figures = MODES.flatMap((mode) => figuresOf(lives, mode));
    return { tables: [tableOf(lives)], figures: [...figures, ...commitFigures(lives, commits)] };
  },
};

/** One round: fresh processes of all variants, which take turns. */
function livesOf(context: ScenarioContext): Promise<ReadonlyMap<string, Life>> {
  const { options, progress } = context;
  return withLean(options, async (lean) => {
    const stops: (() => Promise<void>)[] = [];
    try {
      const contenders: Contender[] = [];
      const folders = new Map<string, string>();
      for (const name of [OFF, ...MODES]) {
        progress(`starting ${name}`);
        const sink = await launchReceiver();
        stops.push(() => sink.stop());
        const folder = join(workFolder(), `audit-${name}-${folderNumber++}`);
        folders.set(name, join(folder, "journal"));
        const compliance = name === OFF ? {} : await complianceOf(name, folder, sink);
        const upstream = { kind: "http", endpoint: `${lean.url}/mcp` } as const;
        const gateway = await startHangar(upstream, { fromSources: options.fromSources, compliance });
        stops.unshift(() => gateway.process.stop());
        contenders.push({ ...gateway, name });
      }
      progress(`${IN_FLIGHT} in flight`);
      const before = await Promise.all(contenders.map(({ process }) => journaled(process)));
      const turns = await takeTurns(
        context,
        { contenders, workload: echoWorkload(200), inFlight: IN_FLIGHT },
        {
          warmUpSeconds: Math.min(WARM_UP_SECONDS, options.seconds),
          turnSeconds: Math.min(TURN_SECONDS, options.seconds),
          // All of them, so that none is asked for its metrics more often than the others: that takes milliseconds.
          rest: async ({ process }) => {
            await sleep(GATHERED_MS);
            await allDelivered(process);
          },
        },
      );
      const lives = new Map<string, Life>();
      for (const [at, { name, process }] of contenders.entries()) {
        const own = turns[at];
        if (own === undefined) continue;
        const records = (await journaled(process)) - (before[at] ?? 0);
        const calls = await callsCounted(process);
        lives.set(name, {
          ...own,
          recordsPerCall: records / calls,
          bytesPerRecord: records === 0 ? 0 : bytesIn(folders.get(name) ?? "") / (await journaled(process)),
          lost: await lostShare(process),
        });
      }
      return lives;
    } finally {
      await Promise.all(stops.map((stop) => stop()));
    }
  });
}

let folderNumber = 0;

/** Starts what takes the syslog messages of one gateway. */
export function launchReceiver(): Promise<Launched> {
  return launch({ name: "syslog", args: [fileURLToPath(new URL("../sinks/syslog-sink.ts", import.meta.url))] });
}

/** The section `compliance` of a gateway that keeps a journal in a folder: one of the modes, and what takes syslog. */
export async function complianceOf(mode: string, folder: string, sink: Launched): Promise<object> {
  const { address } = (await (await fetch(sink.url)).json()) as { readonly address: { readonly port: number } };
  return {
    journal: { folder: join(folder, "journal"), mode: mode === "journal" ? "fail_open" : mode },
    sinks:
      mode === "journal"
        ? []
        : [
            { name: "lines", type: "file", path: join(folder, "records.jsonl") },
            { name: "syslog", type: "syslog", host: "127.0.0.1", port: address.port },
          ],
  };
}

function bytesIn(folder: string): number {
  const names = readdirSync(folder).filter((name) => name.endsWith(".segment"));
  return names.reduce((sum, name) => sum + statSync(join(folder, name)).size, 0);
}

function tableOf(lives: ReadonlyMap<string, readonly Life[]>): Table {
  const middle = (own: readonly Life[], read: (life: Life) => number): number => median(own.map(read));
  return {
    title: `Audit journal with two sinks (JSON lines, syslog over TCP), HTTP upstream, 200 B echo, ${IN_FLIGHT} in flight`,
    columns: ["", "CPU ms/call", "calls/s", "p50 ms", "p99 ms", "records/call", "records/s", "bytes/record", "dropped"],
    rows: [...lives].map(([name, own]) => [
      name,
      middle(own, (life) => life.cpuMsPerCall).toFixed(4),
      short(middle(own, (life) => life.callsPerSecond)),
      middle(own, (life) => life.p50Ms).toFixed(3),
      middle(own, (life) => life.p99Ms).toFixed(3),
      middle(own, (life) => life.recordsPerCall).toFixed(2),
      short(middle(own, (life) => life.recordsPerCall * life.callsPerSecond)),
      short(middle(own, (life) => life.bytesPerRecord)),
      `${(middle(own, (life) => life.lost) * 100).toFixed(1)} %`,
    ]),
  };
}

/** A group commit of the disk beside what `fail_closed` adds to a call, which waits for one before it is sent and for one before it is answered. */
function commitFigures(
  lives: ReadonlyMap<string, readonly Life[]>,
  commits: readonly Float64Array[],
): readonly Figure[] {
  const commitMs = (share: number): number => median(commits.map((round) => percentile(round, share)));
  const off = lives.get(OFF) ?? [];
  const added = (lives.get("fail_closed") ?? []).flatMap((life, round) =>
    off[round] === undefined ? [] : [life.p99Ms - off[round].p99Ms],
  );
  return [
    { id: "audit.group_commit.p50", label: "a group commit alone, median", value: commitMs(0.5), unit: "ms" },
    { id: "audit.group_commit.p99", label: "a group commit alone, 99 %", value: commitMs(0.99), unit: "ms" },
    {
      id: "audit.fail_closed.commits",
      label: "added p99, fail_closed, in group commits (99 %)",
      value: median(added) / commitMs(0.99),
      unit: "×",
      target: { atMost: COMMITS_MAX },
    },
  ];
}

/** Ratios are taken within a round. */
function figuresOf(lives: ReadonlyMap<string, readonly Life[]>, mode: (typeof MODES)[number]): readonly Figure[] {
  const off = lives.get(OFF) ?? [];
  const own = lives.get(mode) ?? [];
  const ratios = (read: (life: Life) => number): readonly number[] =>
    own.flatMap((life, round) => {
      const without = off[round];
      return without === undefined ? [] : [read(life) / read(without)];
    });
  const cpu = ratioFigure(
    `audit.${mode}.cpu_ratio`,
    `CPU a call, ${mode} against off`,
    ratios((life) => life.cpuMsPerCall),
  );
  const addedMs = (read: (life: Life) => number): number =>
    median(own.flatMap((life, round) => (off[round] === undefined ? [] : [read(life) - read(off[round])])));
  return [
    { ...cpu, ...(mode === "fail_open" && { target: { atMost: CPU_RATIO_MAX } }) },
    { id: `audit.${mode}.added_p50`, label: `added p50, ${mode}`, value: addedMs((life) => life.p50Ms), unit: "ms" },
    { id: `audit.${mode}.added_p99`, label: `added p99, ${mode}`, value: addedMs((life) => life.p99Ms), unit: "ms" },
    {
      id: `audit.${mode}.records`,
      label: `records a second, ${mode}`,
      value: median(own.map((life) => life.recordsPerCall * life.callsPerSecond)),
      unit: "/s",
    },
    {
      id: `audit.${mode}.bytes`,
      label: `bytes a record, ${mode}`,
      value: median(own.map((life) => life.bytesPerRecord)),
      unit: "B",
    },
  ];
}
