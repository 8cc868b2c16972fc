import type { Upstream } from "../gateways/contenders.ts";
import { peerNames, peers } from "../peers/pins.ts";
import type { Figure, Table } from "../report/figure.ts";
import { short } from "../report/print.ts";
import { median } from "../report/statistics.ts";
import type { Round } from "./rounds.ts";
import type { Start } from "./startup.ts";

/** What one contender showed in one life. */
export interface Life {
  readonly start: Start;
  /** Resident memory of its processes at rest, after one call. */
  readonly idleBytes: number;
  /** The highest of what was read of it under load. */
  readonly peakBytes: number;
  /** One call in flight. */
  readonly alone: Round;
  /** 32 calls in flight. */
  readonly many: Round;
}

/** The lives of every contender: life n of one was beside life n of the others. */
export type Lives = ReadonlyMap<string, readonly Life[]>;

type Read = (life: Life) => number;

const COLUMNS: readonly (readonly [string, (value: number) => string, Read])[] = [
  ["start s", (value) => value.toFixed(2), ({ start }) => start.seconds],
  ["start CPU s", (value) => value.toFixed(2), ({ start }) => start.cpuSeconds],
  ["RSS idle MB", short, ({ idleBytes }) => idleBytes / 1e6],
  ["RSS peak MB", short, ({ peakBytes }) => peakBytes / 1e6],
  ["CPU ms/call", (value) => value.toFixed(3), ({ many }) => many.cpuMsPerCall],
  ["calls/s", short, ({ many }) => many.callsPerSecond],
  ["p50 ms, 1", (value) => value.toFixed(2), ({ alone }) => alone.p50Ms],
  ["p99 ms, 1", (value) => value.toFixed(2), ({ alone }) => alone.p99Ms],
  ["p50 ms, 32", (value) => value.toFixed(2), ({ many }) => many.p50Ms],
  ["p99 ms, 32", (value) => value.toFixed(2), ({ many }) => many.p99Ms],
];

/** What every contender showed, medians over its lives; `sizes` are bytes on disk by name. */
export function peerTable(behind: Upstream["kind"], lives: Lives, sizes: ReadonlyMap<string, number>): Table {
  const order = ["bare", "hangar", "sdk", ...peerNames].filter((name) => lives.has(name));
  return {
    title: `${behind === "http" ? "HTTP" : "stdio"} upstream, 200 B echo; calls/s and CPU at 32 in flight`,
    columns: ["", ...COLUMNS.map(([name]) => name), "installed MB"],
    rows: order.map((name) => [
      name in peers ? `${name} ${peers[name as keyof typeof peers].version}` : name,
      ...COLUMNS.map(([, text, read]) => text(median((lives.get(name) ?? []).map(read)))),
      short((sizes.get(name) ?? Number.NaN) / 1e6),
    ]),
  };
}

/** The gateway against the peer that does best in each, and against the bare relay. */
export function peerFigures(behind: Upstream["kind"], lives: Lives): readonly Figure[] {
  const own = lives.get("hangar") ?? [];
  const id = `peers.${behind}`;
  const place = `${behind === "http" ? "HTTP" : "stdio"} upstream`;
  const megabytes = (read: Read): number => median(own.map(read)) / 1e6;
  const against = (name: string, what: string, read: Read): Figure => ({
    id: `${id}.${name}_ratio`,
    label: `${what} against the best npm peer, ${place}`,
    value: Math.max(...peerNames.filter((peer) => lives.has(peer)).map((peer) => ratio(lives, peer, read))),
    unit: "×",
  });
  return [
    { ...against("start", "start to first answered call", ({ start }) => start.seconds), target: { atMost: 1 } },
    { ...against("start_cpu", "CPU to first answered call", ({ start }) => start.cpuSeconds), target: { atMost: 1 } },
    { ...against("idle", "RSS idle", ({ idleBytes }) => idleBytes), target: { atMost: 1 } },
    { ...against("peak", "RSS peak", ({ peakBytes }) => peakBytes), target: { atMost: 1 } },
    { ...against("cpu", "CPU a call", ({ many }) => many.cpuMsPerCall), target: { atMost: 1 } },
    {
      id: `${id}.relay_cpu_ratio`,
      label: `CPU a call against the bare relay, metrics and logs on, ${place}`,
      value: ratio(lives, "bare", ({ many }) => many.cpuMsPerCall),
      unit: "×",
    },
    {
      id: `${id}.idle`,
      label: `RSS idle, ${place}`,
      value: megabytes(({ idleBytes }) => idleBytes),
      unit: "MB",
      target: { atMost: 95 },
    },
    {
      id: `${id}.peak`,
      label: `RSS peak, ${place}`,
      value: megabytes(({ peakBytes }) => peakBytes),
      unit: "MB",
      target: { atMost: 150 },
    },
  ];
}

/** The median over the lives of the gateway's value as a multiple of another's, each taken within a round. */
function ratio(lives: Lives, other: string, read: Read): number {
  const theirs = lives.get(other) ?? [];
  return median(
    (lives.get("hangar") ?? []).flatMap((mine, at) => {
      const their = theirs[at];
      return their === undefined ? [] : [read(mine) / read(their)];
    }),
  );
}
