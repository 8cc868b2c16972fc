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
  /** File for the figures as JSON. */
  readonly jsonFile: string | undefined;
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
  --only <name>            run this scenario; repeat for several: throughput, stdio, large-results, memory, startup,
                           isolation, metrics, monitoring, exporters, exporter-faults, audit, builds
  --contenders <a,b>       of direct, hangar, sdk, bare (all)
  --against <main.js>      apps/server/dist/main.js of another checkout, built there: "builds" compares a call's CPU with it
  --era <legacy|modern>    protocol era of the load generator (legacy)
  --upstream <era>         eras of the lean upstream: legacy, modern or both (legacy; both with --era modern)
  --session                the upstream insists on session ids
  --sse                    the upstream answers with an event stream
  --from-sources           run the gateway from its TypeScript sources: no build, but it starts slower and is larger
  --profile [--keep <dir>] CPU profile of the gateway at 16 in flight; prints where its own time goes;
                           with --only stdio, --only large-results or --only audit of that upstream, workload or trail
  --json <file>            write the figures as JSON
  --strict                 exit with 1 when a target is missed
  --help                   this text
`;

/** The parsed command line, or a request for help. */
export type Parsed =
  | { readonly help: true }
  | { readonly help: false; readonly strict: boolean; readonly options: BenchOptions };

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
      era: { type: "string", default: "legacy" },
      upstream: { type: "string" },
      session: { type: "boolean", default: false },
      sse: { type: "boolean", default: false },
      "from-sources": { type: "boolean", default: false },
      profile: { type: "boolean", default: false },
      keep: { type: "string" },
      json: { type: "string" },
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
  return {
    help: false,
    strict: values.strict,
    options: {
      seconds: positive("--seconds", values.seconds, values.quick ? 0.3 : 3),
      rounds: Math.ceil(positive("--rounds", values.rounds, values.quick ? 1 : 5)),
      only: values.only.flatMap((names) => names.split(",")),
      contenders: values.contenders === "" ? [] : values.contenders.split(","),
      era,
      upstreamEras: upstream === "both" ? ["legacy", "modern"] : [upstream],
      session: values.session,
      sse: values.sse,
      fromSources: values["from-sources"],
      against: values.against === undefined ? undefined : resolve(folder, values.against),
      jsonFile: values.json === undefined ? undefined : resolve(folder, values.json),
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
