import {
  type Contender,
  type ContenderName,
  contenderNames,
  startHangar,
  startReference,
  type Upstream,
} from "../gateways/contenders.ts";
import { startPeer } from "../gateways/peers.ts";
import type { BenchOptions } from "../options.ts";
import type { Launched } from "../processes/launch.ts";
import type { Table } from "../report/figure.ts";
import { short } from "../report/print.ts";
import { leanStdioArgs, withLean } from "../upstreams/lean.ts";
import { type Rounds, typical } from "./rounds.ts";

/** Which contenders a comparison starts. */
export interface ComparisonRequest {
  readonly options: BenchOptions;
  /** What stands behind the gateways: the lean HTTP server, which is also the direct contender, or a stdio child. */
  readonly behind: Upstream["kind"];
  /** Contenders that this scenario compares; the options may leave some out. */
  readonly names?: readonly ContenderName[];
}

/** Starts the wanted contenders, runs the measurement, and stops them whatever happened. */
export function withContenders<T>(
  request: ComparisonRequest,
  measure: (contenders: readonly Contender[]) => Promise<T>,
): Promise<T> {
  const { options, names = contenderNames } = request;
  return withLean(options, async (lean) => {
    const contenders: Contender[] = [];
    try {
      for (const name of names) {
        if (takesPart(name, options)) contenders.push(await start(name, lean, request));
      }
      return await measure(contenders);
    } finally {
      await Promise.all(contenders.flatMap(({ name, process }) => (name === "direct" ? [] : [process.stop()])));
    }
  });
}

/** What every contender showed, medians over the rounds. */
export function roundsTable(title: string, rounds: Rounds): Table {
  return {
    title,
    columns: ["", "calls/s", "CPU ms/call", "p50 ms", "p99 ms", "RSS MB"],
    rows: [...rounds.keys()].map((name) => [
      name,
      short(typical(rounds, name, (round) => round.callsPerSecond)),
      typical(rounds, name, (round) => round.cpuMsPerCall).toFixed(4),
      typical(rounds, name, (round) => round.p50Ms).toFixed(3),
      typical(rounds, name, (round) => round.p99Ms).toFixed(3),
      short(typical(rounds, name, (round) => round.residentBytes / 1e6)),
    ]),
  };
}

function takesPart(name: ContenderName, { contenders, upstreamEras, era }: BenchOptions): boolean {
  if (name === "before") return true;
  if (contenders.length > 0 && !contenders.includes(name)) return false;
  // A direct client and a relay without features cannot translate between the protocol eras.
  return upstreamEras.includes(era) || (name !== "direct" && name !== "bare");
}

async function start(name: ContenderName, lean: Launched, { behind, options }: ComparisonRequest): Promise<Contender> {
  const upstream: Upstream =
    behind === "http" ? { kind: "http", endpoint: `${lean.url}/mcp` } : { kind: "stdio", args: leanStdioArgs };
  switch (name) {
    case "direct":
      return { name, process: lean, prefix: "" };
    case "hangar":
      return startHangar(upstream, { fromSources: options.fromSources });
    case "before":
      return startHangar(upstream, { fromSources: false, main: options.against ?? "" });
    case "sdk":
    case "bare":
    case "relay":
      return startReference(name, upstream);
    case "mcp-hub":
    case "mcp-proxy":
    case "supergateway":
      return startPeer(name, upstream);
  }
}
