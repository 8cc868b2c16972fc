import type { ServerOrigin } from "../registration.ts";
import { type Candidate, candidateKey } from "./candidate.ts";
import { type DecisionBook, withApproval, withRejections } from "./decisions.ts";
import { type Definition, guarded, objectionTo } from "./definition.ts";
import { observe } from "./observe.ts";
import type {
  DiscoveryAction,
  DiscoveryInput,
  DiscoveryState,
  Holding,
  Prepared,
  Reconciliation,
  SourceRules,
  Surroundings,
} from "./state.ts";

/** Decides what becomes of the servers that sources announce. Pure: the fleet is changed by whoever runs the actions. */
export function reconcile(before: DiscoveryState, input: DiscoveryInput, world: Surroundings): Reconciliation {
  const candidates = new Map(before.candidates);
  const decisions = apply(candidates, before.decisions, input, world);
  for (const [key, candidate] of candidates) if (!world.sources.has(candidate.source)) candidates.delete(key);
  const probes = startProbes(candidates, world);
  const { held, actions } = settleIds({ ...before, candidates }, world);
  return { state: { candidates, held, decisions }, actions: [...actions, ...probes] };
}

/** A candidate that may serve, with the definition and the rules by which it does. */
interface Claimant {
  readonly source: string;
  readonly serving: Definition;
  readonly rules: SourceRules;
}

/** The candidates that may serve under an id, those of earlier sources first. */
function claimants(candidates: ReadonlyMap<string, Candidate>, id: string, { sources }: Surroundings): Claimant[] {
  return [...sources].flatMap(([source, rules]) => {
    const serving = candidates.get(candidateKey({ source, name: id }))?.serving;
    // Rules may have become stricter since it was admitted.
    return serving === undefined || objectionTo(serving, rules) !== undefined ? [] : [{ source, serving, rules }];
  });
}

/** Changes the candidates as the input says, and returns the decisions as they are then. */
function apply(
  candidates: Map<string, Candidate>,
  decisions: DecisionBook,
  input: DiscoveryInput,
  world: Surroundings,
): DecisionBook {
  if (input.type === "time_passed") return decisions;
  if (input.type === "announced") {
    const rules = world.sources.get(input.source);
    if (rules !== undefined) observe(candidates, input.source, input.servers, { ...world, rules, decisions });
    return decisions;
  }
  const candidate = candidates.get(input.key);
  if (candidate === undefined) return decisions;
  switch (input.type) {
    case "probed":
      candidates.set(input.key, probed(candidate, input, world));
      return decisions;
    case "approved": {
      const { standing, newest } = candidate;
      const waits = standing.kind === "pending" || standing.kind === "rejected" || standing.kind === "failed";
      if (!waits || newest === undefined) return decisions;
      candidates.set(input.key, { ...candidate, standing: { kind: "untried", failures: 0 } });
      return withApproval(decisions, input.key, newest.fingerprint);
    }
    case "rejected": {
      const { standing, newest, serving } = candidate;
      // An older definition goes on serving, unless it is rejected too, by asking once more.
      const keeps = standing.kind !== "rejected" && newest?.fingerprint !== serving?.fingerprint;
      candidates.set(input.key, { ...candidate, standing: { kind: "rejected" }, serving: keeps ? serving : undefined });
      const meant = keeps ? [newest] : [newest, serving];
      const fingerprints = meant.flatMap((definition) => definition?.fingerprint ?? []);
      return withRejections(decisions, input.key, fingerprints);
    }
  }
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
    const { standing, newest, name, source, missingSinceMs } = candidate;
    const rules = world.sources.get(source);
    const due = standing.kind === "untried" || (standing.kind === "failed" && standing.retryAtMs <= world.nowMs);
    if (!due || newest === undefined || rules === undefined || missingSinceMs !== undefined) continue;
    if (objectionTo(newest, rules) !== undefined || blockerOf(candidates, candidate, world) !== undefined) continue;
    if (rules.probe) {
      candidates.set(key, { ...candidate, standing: { kind: "probing", failures: standing.failures } });
      actions.push({ type: "probe", key, ...prepare(name, newest, rules) });
    } else candidates.set(key, { ...candidate, standing: { kind: "admitted" }, serving: newest });
  }
  return actions;
}

function prepare(id: string, definition: Definition, rules: SourceRules): Prepared {
  return { id, options: guarded(definition, rules), fingerprint: definition.fingerprint };
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
    if (winner === undefined) {
      if (holding !== undefined && origin !== undefined) {
        const { source } = holding;
        const expired = world.sources.has(source) && !before.candidates.has(candidateKey({ source, name: id }));
        actions.push({ type: "unregister", id, source, expired });
      }
      return;
    }
    const { source, serving, rules } = winner;
    const now: Holding = { source, fingerprint: serving.fingerprint, addresses: rules.allow_addresses.join() };
    held.set(id, now);
    const prepared = prepare(id, serving, rules);
    if (origin === undefined) actions.push({ type: "register", source, former: undefined, ...prepared });
    else if (holding === undefined || !isSame(holding, now)) {
      actions.push({ type: "replace", source, former: holding?.source, ...prepared });
    }
  };
  // Those that are there come first, so that a limit never pushes one out for another.
  for (const id of before.held.keys()) settle(id);
  for (const { name } of before.candidates.values()) {
    if (!before.held.has(name) && !held.has(name) && held.size < world.serversMax) settle(name);
  }
  return { held, actions };
}

function isSame(one: Holding, other: Holding): boolean {
  return one.source === other.source && one.fingerprint === other.fingerprint && one.addresses === other.addresses;
}
