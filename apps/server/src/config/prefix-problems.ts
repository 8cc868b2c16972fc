import type { EntryOptions } from "@mcp-hangar/core";
import type { ConfigDocument } from "./document.ts";
import type { ConfigPath, ConfigProblem } from "./problem.ts";

/** What is wrong with prefixes: tools of two servers or groups must not have the same names. */
export function prefixProblems(
  entries: Readonly<Record<string, EntryOptions>>,
  { lineOf }: Pick<ConfigDocument, "lineOf">,
): readonly ConfigProblem[] {
  const taken = new Map<string, string>();
  return Object.entries(entries).flatMap(([id, { prefix }]) => {
    if (prefix === undefined || prefix === id) return [];
    const owner = taken.get(prefix);
    if (owner === undefined) taken.set(prefix, id);
    const message = Object.hasOwn(entries, prefix)
      ? `${JSON.stringify(prefix)} is the id of another server or group; choose another prefix`
      : owner === undefined
        ? undefined
        : `${JSON.stringify(prefix)} is the prefix of ${owner} already; choose another`;
    const path: ConfigPath = ["mcp_servers", id, "prefix"];
    return message === undefined ? [] : [{ path, line: lineOf(path), message }];
  });
}
