import { type Candidate, candidateKey, type Standing } from "./candidate.ts";
import { type DecisionBook, decisionsOn } from "./decisions.ts";
import type { Announcement, Definition } from "./definition.ts";
import type { SourceRules } from "./state.ts";

/** When a cycle ended, and by whose rules it is judged. */
export interface Observation {
  /** Monotonic. */
  readonly nowMs: number;
  readonly wallMs: number;
  readonly rules: SourceRules;
  readonly decisions: DecisionBook;
}

/** Takes into account what a source announces now. Changes `candidates`, those of that source only. */
export function observe(
  candidates: Map<string, Candidate>,
  source: string,
  servers: readonly Announcement[],
  observation: Observation,
): void {
  const announced = byName(candidates, source, servers);
  const absent = [...candidates].filter(([, { source: from, name }]) => from === source && !announced.has(name));
  for (const [key, candidate] of absent) {
    const next = missing(candidate, observation);
    if (next === undefined) candidates.delete(key);
    else candidates.set(key, next);
  }
  // What is rejected takes no room of others.
  const own = [...candidates.values()].filter((one) => one.source === source && !isRejected(one));
  let room = observation.rules.max_servers - own.length;
  for (const announcement of announced.values()) {
    const key = candidateKey({ source, name: announcement.name });
    const known = candidates.get(key);
    if (known === undefined && room-- <= 0) continue;
    candidates.set(key, seen(known ?? newcomer(source, announcement, observation), announcement, observation));
  }
}

/**
 * Why it is not believed that a source has nothing more to announce; `undefined` when it is. An unmounted folder and a
 * registry that lost its data look like a place from which everything was removed on purpose.
 */
export function suspicionOf(
  candidates: ReadonlyMap<string, Candidate>,
  source: string,
  servers: readonly Announcement[],
  rules: SourceRules,
): string | undefined {
  if (servers.length > 0 || rules.mode === "additive" || rules.allow_empty) return undefined;
  const present = [...candidates.values()].filter(
    (one) => one.source === source && one.serving !== undefined && one.missingSinceMs === undefined,
  ).length;
  if (present < 2) return undefined;
  return (
    `it announces nothing any more, after ${present} servers: they stay until it announces something. ` +
    "If that is meant, set allow_empty, or run a cycle that accepts it"
  );
}

interface Named extends Announcement {
  /** Other places that announce the same name. */
  readonly others: readonly string[];
}

/** One announcement a name. Who was there first stays; otherwise the location decides, so that order means nothing. */
function byName(
  candidates: ReadonlyMap<string, Candidate>,
  source: string,
  servers: readonly Announcement[],
): ReadonlyMap<string, Named> {
  const named = new Map<string, Named>();
  const ordered = servers.toSorted((one, other) => (one.location < other.location ? -1 : 1));
  for (const [name, same] of Map.groupBy(ordered, (server) => server.name)) {
    const before = candidates.get(candidateKey({ source, name }))?.location;
    const first = same.find(({ location }) => location === before) ?? same[0];
    if (first === undefined) continue;
    named.set(name, { ...first, others: same.filter((one) => one !== first).map(({ location }) => location) });
  }
  return named;
}

function newcomer(source: string, { name, location }: Announcement, { wallMs }: Observation): Candidate {
  return {
    source,
    name,
    location,
    firstSeenMs: wallMs,
    lastSeenMs: wallMs,
    missingSinceMs: undefined,
    newest: undefined,
    standing: { kind: "pending" },
    serving: undefined,
    problem: undefined,
    remark: undefined,
  };
}

function seen(candidate: Candidate, { location, content, others }: Named, observation: Observation): Candidate {
  const [other] = others;
  const present: Candidate = {
    ...candidate,
    location,
    lastSeenMs: observation.wallMs,
    missingSinceMs: undefined,
    problem: content.kind === "problem" ? content.problem : undefined,
    remark: other === undefined ? undefined : `${other} announces the same name and is ignored`,
  };
  if (content.kind === "problem") return present;
  const { definition } = content;
  if (definition.fingerprint === candidate.newest?.fingerprint) return present;
  return { ...present, newest: definition, standing: standingOf(definition, candidate, observation) };
}

/** A decision is about one definition; a rejected name is not forgiven because its definition changes. */
function standingOf(definition: Definition, candidate: Candidate, { rules, decisions }: Observation): Standing {
  const { fingerprint } = definition;
  const { approved, rejected, distrusted } = decisionsOn(decisions, candidateKey(candidate));
  if (fingerprint === candidate.serving?.fingerprint) return { kind: "admitted" };
  if (rejected.includes(fingerprint)) return { kind: "rejected" };
  const asks = (rules.approve === "manual" || distrusted) && !approved.includes(fingerprint);
  return asks ? { kind: "pending" } : { kind: "untried", failures: 0 };
}

/** What becomes of a candidate that is no longer announced; `undefined` when its time is over. */
function missing(candidate: Candidate, { nowMs, rules }: Observation): Candidate | undefined {
  const missingSinceMs = candidate.missingSinceMs ?? nowMs;
  const kept = rules.mode === "additive" && candidate.serving !== undefined;
  return kept || nowMs - missingSinceMs < rules.ttl_s * 1_000 ? { ...candidate, missingSinceMs } : undefined;
}

function isRejected({ standing, serving }: Candidate): boolean {
  return standing.kind === "rejected" && serving === undefined;
}
