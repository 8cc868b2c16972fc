import type { ServerOrigin } from "../fleet.ts";
import { type Candidate, candidateKey } from "./candidate.ts";
import type { Announcement, Definition } from "./definition.ts";
import { observe } from "./observe.ts";
import type { CommonSourceOptions } from "./source-kind.ts";

/** All that discovery knows. */
export interface DiscoveryState {
  /** By {@link candidateKey}, in the order in which they were found. */
  readonly candidates: ReadonlyMap<string, Candidate>;
  /** The servers that discovery has put into the fleet, by id. */
  readonly held: ReadonlyMap<string, Holding>;
}

/** Who holds an id in the fleet, and with what. */
export interface Holding {
  readonly source: string;
  readonly fingerprint: string;
}

/** What a source may do. */
export type SourceRules = Pick<
  CommonSourceOptions,
  "mode" | "approve" | "probe" | "ttl_s" | "allow_empty" | "max_servers"
>;

/** The world around a decision. */
export interface Surroundings {
  /** Monotonic. */
  readonly nowMs: number;
  readonly wallMs: number;
  /** By name; earlier sources win over later ones. */
  readonly sources: ReadonlyMap<string, SourceRules>;
  /** Servers that all sources together may have in the fleet. */
  readonly serversMax: number;
  /** Who defined the server of that id; `undefined` when there is none. */
  readonly originOf: (id: string) => ServerOrigin | undefined;
  /** Milliseconds from the failed probe number `failures` to the next one. */
  readonly retryDelayMs: (failures: number) => number;
}

/** Something that happened. */
export type DiscoveryInput =
  | { readonly type: "announced"; readonly source: string; readonly servers: readonly Announcement[] }
  | { readonly type: "time_passed" }
  | {
      readonly type: "probed";
      readonly key: string;
      readonly fingerprint: string;
      readonly failure: string | undefined;
    }
  | { readonly type: "approved"; readonly key: string }
  | { readonly type: "rejected"; readonly key: string };

/** Something to do. */
export type DiscoveryAction =
  | { readonly type: "probe"; readonly key: string; readonly id: string; readonly definition: Definition }
  | {
      readonly type: "register" | "replace";
      readonly id: string;
      readonly source: string;
      /** The source that had the id until now. */
      readonly former: string | undefined;
      readonly definition: Definition;
    }
  | {
      readonly type: "unregister";
      readonly id: string;
      readonly source: string;
      /** Whether its time was over, and it was not taken out by somebody. */
      readonly expired: boolean;
    };

/** What becomes of the state, and what is to be done. */
export interface Reconciliation {
  readonly state: DiscoveryState;
  readonly actions: readonly DiscoveryAction[];
}

/** Rejected definitions that are remembered of a candidate. */
const REJECTIONS_MAX = 20;

/** Nothing found yet. */
export const NOTHING_DISCOVERED: DiscoveryState = { candidates: new Map(), held: new Map() };

/** Decides what becomes of the servers that sources announce. Pure: the fleet is changed by whoever runs the actions. */
export function reconcile(before: DiscoveryState, input: DiscoveryInput, world: Surroundings): Reconciliation {
  const candidates = new Map(before.candidates);
  apply(candidates, input, world);
  for (const [key, candidate] of candidates) if (!world.sources.has(candidate.source)) candidates.delete(key);
  const probes = startProbes(candidates, world);
  const { held, actions } = settleIds({ candidates, held: before.held }, world);
  return { state: { candidates, held }, actions: [...actions, ...probes] };
}

/** The candidates that may serve under an id, those of earlier sources first. */
export function claimants(candidates: ReadonlyMap<string, Candidate>, id: string, world: Surroundings): Candidate[] {
  return [...world.sources.keys()].flatMap((source) => {
    const candidate = candidates.get(candidateKey({ source, name: id }));
    return candidate?.serving === undefined ? [] : [candidate];
  });
}

function apply(candidates: Map<string, Candidate>, input: DiscoveryInput, world: Surroundings): void {
  switch (input.type) {
    case "time_passed":
      return;
    case "announced": {
      const rules = world.sources.get(input.source);
      if (rules !== undefined) observe(candidates, input.source, input.servers, { ...world, rules });
      return;
    }
    case "probed":
      return change(candidates, input.key, (candidate) => probed(candidate, input, world));
    case "approved":
      return change(candidates, input.key, approved);
    case "rejected":
      return change(candidates, input.key, rejected);
  }
}

function change(candidates: Map<string, Candidate>, key: string, how: (candidate: Candidate) => Candidate): void {
  const candidate = candidates.get(key);
  if (candidate !== undefined) candidates.set(key, how(candidate));
}

function approved(candidate: Candidate): Candidate {
  const { standing, newest } = candidate;
  if (standing.kind !== "pending" && standing.kind !== "rejected" && standing.kind !== "failed") return candidate;
  const stillRejected = candidate.rejected.filter((fingerprint) => fingerprint !== newest?.fingerprint);
  return { ...candidate, standing: { kind: "untried", failures: 0 }, distrusted: false, rejected: stillRejected };
}

/** Rejects the newest definition. An older one goes on serving, unless it is rejected too, by asking once more. */
function rejected(candidate: Candidate): Candidate {
  const { standing, newest, serving } = candidate;
  const update = standing.kind !== "rejected" && newest?.fingerprint !== serving?.fingerprint;
  const fingerprints = [newest?.fingerprint, ...(update ? [] : [serving?.fingerprint])].filter(
    (one) => one !== undefined,
  );
  return {
    ...candidate,
    standing: { kind: "rejected" },
    serving: update ? serving : undefined,
    distrusted: true,
    rejected: [...new Set([...candidate.rejected, ...fingerprints])].slice(-REJECTIONS_MAX),
  };
}

function probed(
  candidate: Candidate,
  { fingerprint, failure }: Extract<DiscoveryInput, { type: "probed" }>,
  { nowMs, retryDelayMs }: Surroundings,
): Candidate {
  const { standing, newest } = candidate;
  // What was probed may have changed, or have been rejected, meanwhile.
  if (standing.kind !== "probing" || newest?.fingerprint !== fingerprint) return candidate;
  if (failure === undefined) return { ...candidate, standing: { kind: "admitted" }, serving: newest };
  const failures = standing.failures + 1;
  const retryAtMs = nowMs + retryDelayMs(failures);
  return { ...candidate, standing: { kind: "failed", reason: failure, failures, retryAtMs } };
}

/** Admits what needs no probe, and asks for the probes of what would get its id. */
function startProbes(candidates: Map<string, Candidate>, world: Surroundings): DiscoveryAction[] {
  const actions: DiscoveryAction[] = [];
  for (const [key, candidate] of candidates) {
    const { standing, newest, name, source } = candidate;
    const due =
      standing.kind === "untried" || (standing.kind === "failed" && standing.retryAtMs <= world.nowMs)
        ? standing
        : undefined;
    if (due === undefined || newest === undefined || candidate.missingSinceMs !== undefined) continue;
    if (blockerOf(candidates, candidate, world) !== undefined) continue;
    if (world.sources.get(source)?.probe === false) {
      candidates.set(key, { ...candidate, standing: { kind: "admitted" }, serving: newest });
      continue;
    }
    candidates.set(key, { ...candidate, standing: { kind: "probing", failures: due.failures } });
    actions.push({ type: "probe", key, id: name, definition: newest });
  }
  return actions;
}

/** Who has the id that a candidate asks for, and keeps it; `undefined` when the candidate may have it. */
export function blockerOf(
  candidates: ReadonlyMap<string, Candidate>,
  { name, source }: Candidate,
  world: Surroundings,
):
  | { readonly kind: "origin"; readonly origin: ServerOrigin }
  | { readonly kind: "source"; readonly source: string }
  | undefined {
  const origin = world.originOf(name);
  if (origin !== undefined && origin !== "discovery") return { kind: "origin", origin };
  for (const other of claimants(candidates, name, world)) {
    return other.source === source
      ? undefined
      : winsOver(other.source, source, world)
        ? { kind: "source", source: other.source }
        : undefined;
  }
  return undefined;
}

function winsOver(one: string, other: string, { sources }: Surroundings): boolean {
  const order = [...sources.keys()];
  return order.indexOf(one) < order.indexOf(other);
}

/** Gives each id to its first claimant, and says what has to change in the fleet for it. */
function settleIds(
  before: DiscoveryState,
  world: Surroundings,
): { held: Map<string, Holding>; actions: DiscoveryAction[] } {
  const held = new Map<string, Holding>();
  const actions: DiscoveryAction[] = [];
  const settle = (id: string): void => {
    const origin = world.originOf(id);
    // Somebody else has defined a server of that id: it is theirs.
    if (origin !== undefined && origin !== "discovery") return;
    const holding = before.held.get(id);
    const [winner] = claimants(before.candidates, id, world);
    if (winner?.serving === undefined) {
      if (holding !== undefined && origin !== undefined) {
        const { source } = holding;
        const expired = world.sources.has(source) && !before.candidates.has(candidateKey({ source, name: id }));
        actions.push({ type: "unregister", id, source, expired });
      }
      return;
    }
    const { source, serving: definition } = winner;
    held.set(id, { source, fingerprint: definition.fingerprint });
    if (origin === undefined) actions.push({ type: "register", id, source, former: undefined, definition });
    else if (holding?.fingerprint !== definition.fingerprint || holding.source !== source) {
      actions.push({ type: "replace", id, source, former: holding?.source, definition });
    }
  };
  // Those that are there come first, so that a limit never pushes one out for another.
  for (const id of before.held.keys()) settle(id);
  for (const { name } of before.candidates.values()) {
    if (!before.held.has(name) && !held.has(name) && held.size < world.serversMax) settle(name);
  }
  return { held, actions };
}
