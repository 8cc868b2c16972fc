import { resolve } from "node:path";
import { parseArgs } from "node:util";
import type { Era } from "./load/mcp-session.ts";

/** What one run of the bench does; every field has a default that suits a quiet machine. */
export interface BenchOptions {
  /** Seconds of load in one round. */
  readonly seconds: number;
  /** Rounds of each comparison; the contenders take turns inside a round. */
  readonly rounds: number;
  /** Scenario names; empty for all. */
  readonly only: readonly string[];
  /** Contenders to run; empty for all. */
  readonly contenders: readonly string[];
  /** Gateways from npm take part: they are installed if they are not there. */
  readonly peers: boolean;
  /** Protocol era that the load generator speaks. */
  readonly era: Era;
  /** Protocol eras that the lean upstream accepts. */
  readonly upstreamEras: readonly Era[];
  /** The upstream gives out session ids and insists on them. */
  readonly session: boolean;
  /** The upstream answers with an event stream instead of plain JSON. */
  readonly sse: boolean;
  /** Run the gateway from its TypeScript sources instead of its build. */
  readonly fromSources: boolean;
  /** Entry point of another build of the gateway, with which the scenario `builds` compares this one. */
  readonly against: string | undefined;
  /** Folder that keeps the CPU profile, empty for none; set when the run is a profile and not a comparison. */
  readonly profileFolder: string | undefined;
}

/** Text of `--help`. */
export const helpText: string = `Usage: pnpm bench [options]

Compares the gateway with a direct connection, a gateway made of the official SDK and a bare relay, in one run.
The gateway runs from apps/server/dist, which this command builds first.

  --quick                  smoke run: one short round of everything; its figures mean little
  --seconds <n>            seconds of load in one round (3)
  --rounds <n>             rounds of each comparison, contenders taking turns (5)
  --only <name>            run this scenario; repeat for several: peers, relay, throughput, stdio, large-results, memory, startup,
                           scale, costs, isolation, metrics, monitoring, exporters, exporter-faults, audit, builds
  --contenders <a,b>       of direct, hangar, sdk, bare, and with --peers of mcp-hub, mcp-proxy, supergateway (all)
  --peers                  scenario peers: gateways from npm beside this one. They are downloaded once into the user's cache
                           folder, without their install scripts, and two of them listen on all interfaces while they run
  --against <main.js>      apps/server/dist/main.js of another checkout, built there: "builds" compares a call's CPU with it
  --era <legacy|modern>    protocol era of the load generator (legacy)
  --upstream <era>         eras of the lean upstream: legacy, modern or both (legacy; both with --era modern)
  --session                the upstream insists on session ids
  --sse                    the upstream answers with an event stream
  --from-sources           run the gateway from its TypeScript sources: no build, but it starts slower and is larger
  --profile [--keep <dir>] CPU profile of the gateway at 16 in flight; prints where its own time goes;
                           with --only stdio, --only large-results or --only audit of that upstream, workload or trail
  --json <file>            write what was found as JSON
  --page <file.md>         write it as a page; with --from <file> that of an earlier run's --json, without a run
  --strict                 exit with 1 when a target is missed
  --help                   this text
`;

/** The parsed command line, or a request for help. */
export type Parsed =
  | { readonly help: true }
  | { readonly help: false; readonly strict: boolean; readonly options: BenchOptions; readonly files: Files };

/** Files that the command writes or reads. */
export interface Files {
  /** What was found, as JSON. */
  readonly json: string | undefined;
  /** What was found, as a page of Markdown. */
  readonly page: string | undefined;
  /** JSON of an earlier run, of which to write the page instead of running. */
  readonly from: string | undefined;
}

/**
 * Reads the command line; paths in it are relative to the folder.
 * @throws Error that names the option and its allowed values.
 */
export function parseOptions(args: readonly string[], folder = "."): Parsed {
  const { values } = parseArgs({
    args: [...args],
    options: {
      quick: { type: "boolean", default: false },
      seconds: { type: "string" },
      rounds: { type: "string" },
      only: { type: "string", multiple: true, default: [] },
      contenders: { type: "string", default: "" },
      against: { type: "string" },
      peers: { type: "boolean", default: false },
      era: { type: "string", default: "legacy" },
      upstream: { type: "string" },
      session: { type: "boolean", default: false },
      sse: { type: "boolean", default: false },
      "from-sources": { type: "boolean", default: false },
      profile: { type: "boolean", default: false },
      keep: { type: "string" },
      json: { type: "string" },
      page: { type: "string" },
      from: { type: "string" },
      strict: { type: "boolean", default: false },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) return { help: true };
  const era = oneOf("--era", values.era, ["legacy", "modern"]);
  const upstream = oneOf("--upstream", values.upstream ?? (era === "modern" ? "both" : "legacy"), [
    "legacy",
    "modern",
    "both",
  ]);
  const only = values.only.flatMap((names) => names.split(","));
  const peers = values.peers || only.includes("peers");
  if (peers && era === "modern") throw new Error("--peers goes with --era legacy: the peers speak no other");
  if (values.from !== undefined && values.page === undefined) throw new Error("--from goes with --page");
  const file = (path: string | undefined): string | undefined =>
    path === undefined ? undefined : resolve(folder, path);
  return {
    help: false,
    strict: values.strict,
    files: { json: file(values.json), page: file(values.page), from: file(values.from) },
    options: {
      seconds: positive("--seconds", values.seconds, values.quick ? 0.3 : 3),
      rounds: Math.ceil(positive("--rounds", values.rounds, values.quick ? 1 : 5)),
      only,
      contenders: values.contenders === "" ? [] : values.contenders.split(","),
      peers,
      era,
      upstreamEras: upstream === "both" ? ["legacy", "modern"] : [upstream],
      session: values.session,
      sse: values.sse,
      fromSources: values["from-sources"],
      against: file(values.against),
      profileFolder: values.profile ? profileFolder(folder, values.keep) : undefined,
    },
  };
}

function profileFolder(folder: string, keep: string | undefined): string {
  return keep === undefined ? "" : resolve(folder, keep);
}

function positive(name: string, value: string | undefined, fallback: number): number {
  const number = value === undefined ? fallback : Number(value);
  if (!(number > 0)) throw new Error(`${name} is ${value}; give a number above 0`);
  return number;
}

function oneOf<const T extends string>(name: string, value: string, allowed: readonly T[]): T {
  const found = allowed.find((one) => one === value);
  if (found === undefined) throw new Error(`${name} is ${value}; give one of ${allowed.join(", ")}`);
  return found;
}
