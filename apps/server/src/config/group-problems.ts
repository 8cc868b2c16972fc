import type { EntryOptions, GroupOptions } from "@mcp-hangar/core";
import { nearest } from "../nearest.ts";
import type { ConfigDocument } from "./document.ts";
import type { ConfigPath, ConfigProblem } from "./problem.ts";

type Entries = Readonly<Record<string, EntryOptions>>;

/** What is wrong with groups beyond their own keys: members that do not exist, are groups, or belong somewhere already. */
export function groupProblems(entries: Entries, { lineOf }: Pick<ConfigDocument, "lineOf">): readonly ConfigProblem[] {
  const groupOf = new Map<string, string>();
  return Object.entries(entries).flatMap(([id, entry]) => {
    if (entry.mode !== "group") return [];
    return inGroup(id, entry, entries, groupOf).map(({ keys, message }) => {
      const path: ConfigPath = ["mcp_servers", id, ...keys];
      return { path, line: lineOf(path), message };
    });
  });
}

interface Problem {
  /** Below the group. */
  readonly keys: ConfigPath;
  readonly message: string;
}

/** `groupOf` has the members of the groups before this one, and gets those of this one. */
function inGroup(id: string, group: GroupOptions, entries: Entries, groupOf: Map<string, string>): readonly Problem[] {
  const problems: Problem[] = [];
  for (const [index, member] of group.members.entries()) {
    const message = memberProblem(id, member.id, entries, groupOf.get(member.id));
    if (message !== undefined) problems.push({ keys: ["members", index, "id"], message });
    else groupOf.set(member.id, id);
  }
  const count = group.members.length;
  if (group.min_healthy > count) {
    const message = `${group.min_healthy} is not allowed; expected at most ${count}, the number of members`;
    problems.push({ keys: ["min_healthy"], message });
  }
  return problems;
}

function memberProblem(group: string, member: string, entries: Entries, taken: string | undefined): string | undefined {
  const shown = JSON.stringify(member.slice(0, 100));
  const entry = Object.hasOwn(entries, member) ? entries[member] : undefined;
  if (entry === undefined) {
    const servers = Object.keys(entries).filter((id) => entries[id]?.mode !== "group");
    const suggestion = nearest(member, servers);
    const hint = suggestion === undefined ? "" : ` (did you mean ${suggestion}?)`;
    return `${shown} is no server in mcp_servers${hint}`;
  }
  if (entry.mode === "group") return `${shown} is a group; members must be servers`;
  if (taken === group) return `${shown} is listed twice; give it a weight instead`;
  return taken === undefined ? undefined : `${shown} is in group ${taken} already; a server is in one group only`;
}
