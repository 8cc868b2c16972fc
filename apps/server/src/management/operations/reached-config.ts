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
export function reachedConfig(
  config: Readonly<Record<string, unknown>>,
  { reaches, known }: Reach,
): Record<string, unknown> {
  const configured = Object.keys(recordOf(config.mcp_servers));
  const hidden = [...new Set([...configured, ...known])].filter((id) => !reaches(id));
  if (hidden.length === 0) return { ...config };
  const { mcp_servers: servers, ...rest } = config;
  const shown = Object.entries(recordOf(servers)).filter(([id]) => reaches(id));
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
  const hidden = [...known].filter((id) => !reaches(id));
  return problems.map((problem) => {
    const [, id] = /^mcp_servers(?:\.|\[")([^."\]]+)/.exec(problem.key) ?? [];
    const isHidden =
      (id !== undefined && !reaches(id)) ||
      hidden.some((each) => containsName(problem.message, each) || containsName(problem.key, each));
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

function without(value: unknown, hidden: readonly string[]): unknown {
  if (Array.isArray(value)) {
    return value.filter((item) => !names(item, hidden)).map((item: unknown) => without(item, hidden));
  }
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).filter(([key]) => !hidden.includes(key));
  return Object.fromEntries(entries.map(([key, each]) => [key, without(each, hidden)]));
}

/** Whether an item of a list names a server: by its id, by an entry with its id, or by a pattern of tools that fits it. */
function names(item: unknown, hidden: readonly string[]): boolean {
  const { id, server } = recordOf(item);
  const text = [item, id, server].find((each) => typeof each === "string");
  if (typeof text !== "string") return false;
  const [pattern = ""] = text.split("/", 1);
  // That every server fits `*` says nothing about any.
  return pattern !== "*" && hidden.some((each) => globMatches(pattern, each));
}

/** Whether a name stands in a text as a word of its own. */
function containsName(text: string, name: string): boolean {
  for (let at = text.indexOf(name); at !== -1; at = text.indexOf(name, at + 1)) {
    const isWord = (character: string | undefined): boolean => character !== undefined && /[\w-]/.test(character);
    if (!isWord(text[at - 1]) && !isWord(text[at + name.length])) return true;
  }
  return false;
}

function recordOf(value: unknown): Readonly<Record<string, unknown>> {
  // An object that came out of JSON or a schema has string keys.
  return typeof value === "object" && value !== null ? (value as Readonly<Record<string, unknown>>) : {};
}
