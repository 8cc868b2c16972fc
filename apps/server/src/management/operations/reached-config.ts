import { globMatches } from "@mcp-hangar/core";
import type { ReloadProblem } from "../../reload/outcome.ts";

/** What a caller may know of the servers: whether it reaches one, and the ids of those there are. */
export interface Reach {
  readonly reaches: (server: string) => boolean;
  /** Ids of servers and groups, those that were discovered too. */
  readonly known: Iterable<string>;
}

/**
 * A shown configuration without the servers that the caller does not reach. They are left out of `mcp_servers`, and whatever
 * else names one is left out of the list that it stands in: a member of a group, a pattern of a role.
 */
export async function reachedConfig(
  config: Readonly<Record<string, unknown>>,
  { reaches, known }: Reach,
): Promise<Record<string, unknown>> {
  const configured = Object.keys(recordOf(config.mcp_servers));
  const ids = new Set([...configured, ...known].filter((id) => !reaches(id)));
  if (ids.size === 0) return { ...config };
  const { mcp_servers: servers, ...rest } = config;
  const shown = Object.entries(recordOf(servers)).filter(([id]) => reaches(id));
  const hidden = { ids, patterns: await patternsOf(ids, rest) };
  return {
    mcp_servers: Object.fromEntries(shown.map(([id, entry]) => [id, withoutMembers(entry, reaches)])),
    // Within a server are commands and arguments, where the same word means something else.
    ...recordOf(without(rest, hidden)),
  };
}

/** Problems of a configuration, with no word about servers that the caller does not reach. */
export function reachedProblems(
  problems: readonly ReloadProblem[],
  { reaches, known }: Reach,
): readonly ReloadProblem[] {
  const hidden = new Set([...known].filter((id) => !reaches(id)));
  return problems.map((problem) => {
    const [, id] = /^mcp_servers(?:\.|\[")([^."\]]+)/.exec(problem.key) ?? [];
    const isHidden =
      (id !== undefined && !reaches(id)) || containsName(problem.message, hidden) || containsName(problem.key, hidden);
    if (!isHidden) return problem;
    return {
      line: problem.line,
      key: "mcp_servers",
      message: "something is wrong about servers that you do not reach",
    };
  });
}

function withoutMembers(entry: unknown, reaches: (server: string) => boolean): unknown {
  const { members, ...rest } = recordOf(entry);
  if (!Array.isArray(members)) return entry;
  return { ...rest, members: members.filter((member) => reaches(String(recordOf(member).id))) };
}

/** What is not for a caller: ids of servers, and patterns that fit one of them. */
interface Hidden {
  readonly ids: ReadonlySet<string>;
  readonly patterns: ReadonlySet<string>;
}

/** Patterns that are held against all hidden servers between two turns of the event loop. */
const TURN_PATTERNS = 20;

/** The patterns in the lists of a configuration that fit a hidden server. There may be thousands, and as many servers. */
async function patternsOf(ids: ReadonlySet<string>, config: unknown): Promise<ReadonlySet<string>> {
  const found = new Set<string>();
  let judged = 0;
  for (const pattern of new Set(patternsIn(config))) {
    // That every server fits `*` says nothing about any.
    if (pattern === "*") continue;
    if (!/[*?]/.test(pattern)) {
      if (ids.has(pattern)) found.add(pattern);
      continue;
    }
    for (const id of ids) {
      if (!globMatches(pattern, id)) continue;
      found.add(pattern);
      break;
    }
    judged += 1;
    if (judged % TURN_PATTERNS === 0) await new Promise<void>((resolve) => setImmediate(resolve));
  }
  return found;
}

function* patternsIn(value: unknown): Generator<string> {
  if (typeof value !== "object" || value === null) return;
  for (const each of Object.values(value)) {
    const pattern = Array.isArray(value) ? patternOf(each) : undefined;
    if (pattern !== undefined) yield pattern;
    yield* patternsIn(each);
  }
}

function without(value: unknown, hidden: Hidden): unknown {
  if (Array.isArray(value)) {
    return value.filter((item) => !names(item, hidden)).map((item: unknown) => without(item, hidden));
  }
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).filter(([key]) => !hidden.ids.has(key));
  return Object.fromEntries(entries.map(([key, each]) => [key, without(each, hidden)]));
}

/** Whether an item of a list names a server: by its id, by an entry with its id, or by a pattern of tools that fits it. */
function names(item: unknown, { patterns }: Hidden): boolean {
  const pattern = patternOf(item);
  return pattern !== undefined && patterns.has(pattern);
}

function patternOf(item: unknown): string | undefined {
  const { id, server } = recordOf(item);
  const text = [item, id, server].find((each) => typeof each === "string");
  return typeof text === "string" ? text.split("/", 1)[0] : undefined;
}

/** Whether one of the names stands in a text as a word of its own; ids of servers have no other characters. */
function containsName(text: string, ids: ReadonlySet<string>): boolean {
  return (text.match(/[\w-]+/g) ?? []).some((word) => ids.has(word));
}

function recordOf(value: unknown): Readonly<Record<string, unknown>> {
  // An object that came out of JSON or a schema has string keys.
  return typeof value === "object" && value !== null ? (value as Readonly<Record<string, unknown>>) : {};
}
