import type { ServerOptions } from "../options.ts";
import { type Candidate, candidateKey } from "./candidate.ts";
import { objectionTo } from "./definition.ts";
import { blockerOf } from "./reconcile.ts";
import type { DiscoveryState, Surroundings } from "./state.ts";

/** What became of a server that was announced. */
export const DISCOVERED_STATES = [
  "registered",
  "probing",
  "pending",
  "quarantined",
  "rejected",
  "conflict",
  "invalid",
] as const;
export type DiscoveredState = (typeof DISCOVERED_STATES)[number];

/** A server that was announced, for people. */
export interface DiscoveredReport {
  readonly id: string;
  readonly source: string;
  readonly state: DiscoveredState;
  /** Why it is not registered, or what is wrong with the newest definition of a registered one. */
  readonly reason: string | undefined;
  readonly location: string;
  /** Milliseconds since the epoch. */
  readonly firstSeenMs: number;
  readonly lastSeenMs: number;
  /** The newest definition that could be read: what an approval is about. */
  readonly definition: DefinitionReport | undefined;
}

/** What a definition would run or reach. Values that may be secret are left out. */
export interface DefinitionReport {
  readonly fingerprint: string;
  readonly mode: ServerOptions["mode"];
  /** The command line, the image or the endpoint. */
  readonly target: string;
}

/** The candidate as people see it. */
export function reportOn(candidate: Candidate, state: DiscoveryState, world: Surroundings): DiscoveredReport {
  const { source, name, location, firstSeenMs, lastSeenMs, newest } = candidate;
  const [stateName, reason] = verdictOn(candidate, state, world);
  const definition = newest && {
    fingerprint: newest.fingerprint,
    mode: newest.options.mode,
    target: targetOf(newest.options),
  };
  return { id: name, source, state: stateName, reason, location, firstSeenMs, lastSeenMs, definition };
}

function verdictOn(
  candidate: Candidate,
  state: DiscoveryState,
  world: Surroundings,
): readonly [DiscoveredState, string | undefined] {
  const { serving, standing, problem, remark, missingSinceMs } = candidate;
  const [progress, why] = progressOf(candidate);
  if (standing.kind === "rejected" && serving === undefined) return ["rejected", why];
  const blocked = blockedBy(candidate, state, world);
  if (serving === undefined) return blocked === undefined ? [progress, why ?? remark] : ["conflict", blocked];
  const rules = world.sources.get(candidate.source);
  const objection = rules && objectionTo(serving, rules);
  if (objection !== undefined) return ["invalid", objection];
  if (blocked !== undefined) return ["conflict", blocked];
  const gone = missingSinceMs === undefined ? undefined : "it is no longer announced";
  const newer = standing.kind === "admitted" ? undefined : `a newer definition is ${progress}${why ? `: ${why}` : ""}`;
  return ["registered", problem ?? gone ?? newer ?? remark];
}

function progressOf({ standing, problem, newest }: Candidate): readonly [DiscoveredState, string | undefined] {
  const unusable = newest === undefined || problem !== undefined;
  if (unusable && standing.kind !== "rejected") return ["invalid", problem];
  switch (standing.kind) {
    case "pending":
      return ["pending", "it waits for approval"];
    case "rejected":
      return ["rejected", "it was rejected, and stays out until somebody approves it"];
    case "failed":
      return ["quarantined", standing.reason];
    case "untried":
    case "probing":
    case "admitted":
      return ["probing", undefined];
  }
}

function blockedBy(
  candidate: Candidate,
  { candidates, held }: DiscoveryState,
  world: Surroundings,
): string | undefined {
  const { name, source, serving } = candidate;
  const blocker = blockerOf(candidates, candidate, world);
  if (blocker?.kind === "origin") {
    const who = blocker.origin === "config" ? "the configuration" : "somebody";
    return `${who} has defined a server ${JSON.stringify(name)}, which wins`;
  }
  if (blocker?.kind === "source")
    return `the source ${JSON.stringify(blocker.source)} announces the name too, and comes first`;
  if (serving === undefined || held.get(name)?.source === source) return undefined;
  return `discovery.max_servers (${world.serversMax}) is reached`;
}

/** What is run or reached, without what may be secret: variables, headers, and the query of an endpoint. */
function targetOf(options: ServerOptions): string {
  switch (options.mode) {
    case "subprocess": {
      const command = typeof options.command === "string" ? [options.command] : options.command;
      return [...command, ...options.args].join(" ").slice(0, 1_000);
    }
    case "docker":
      return options.image;
    case "remote": {
      const { origin, pathname } = new URL(options.endpoint);
      return `${origin}${pathname}`.slice(0, 1_000);
    }
  }
}

/** All candidates of a name, those of earlier sources first. */
export function candidatesNamed(
  { candidates }: DiscoveryState,
  id: string,
  sources: Iterable<string>,
): readonly Candidate[] {
  return [...sources].flatMap((source) => candidates.get(candidateKey({ source, name: id })) ?? []);
}
