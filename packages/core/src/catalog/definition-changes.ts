import { hash } from "node:crypto";
import type { ServerToolsChanged, ToolChange } from "@mcp-hangar/telemetry";
import canonicalize from "canonicalize";
import type { Clock } from "../platform/platform.ts";
import type { JsonObject, JsonValue } from "../protocol/json-rpc.ts";
import { bytesOf } from "./definition-bytes.ts";
import type { ListItems } from "./lists.ts";
import { TurnBudget } from "./turn-budget.ts";

/** Changes that are told one by one; all are counted. */
export const CHANGES_SHOWN_MAX = 20;

/** What of a tool an agent decides by. Icons and `_meta` may change as they like. */
const DEFINING = ["name", "title", "description", "inputSchema", "outputSchema", "annotations"] as const;

/** How the definitions of a server's tools differ from those of the listing before. */
export type DefinitionChanges = Pick<ServerToolsChanged, "changes" | "total">;

/** What a comparison needs of its surroundings. */
export interface Comparison {
  readonly clock: Pick<Clock, "defer">;
  /** Whether callers are offered a tool; nothing is told of others. */
  readonly isShown: (tool: string) => boolean;
}

/** SHA-256 in hexadecimal digits of what defines a tool, in the canonical form of RFC 8785. */
export function definitionDigest(tool: JsonObject): string {
  return hash("sha256", canonicalText(Object.fromEntries(DEFINING.map((key) => [key, tool[key]]))));
}

/** Compares two listings of a server's tools, in as many turns of the event loop as that takes. */
export async function definitionChanges(
  before: ListItems,
  now: ListItems,
  { clock, isShown }: Comparison,
): Promise<DefinitionChanges> {
  const changes: DefinitionChanges["changes"][number][] = [];
  const total: Record<ToolChange, number> = { added: 0, removed: 0, changed: 0 };
  const note = (tool: string, change: ToolChange, definition: JsonObject): void => {
    total[change]++;
    if (changes.length < CHANGES_SHOWN_MAX) {
      changes.push({ tool, change, digest: definitionDigest(definition) });
    }
  };
  const budget = new TurnBudget(clock);
  const former = new Map(before.map((item) => [item.name, item]));
  for (const item of now) {
    const { name } = item;
    const old = former.get(name);
    former.delete(name);
    if (!isOffered(name, isShown)) continue;
    if (old === undefined) note(name, "added", item);
    else if (isRedefined(old, item)) note(name, "changed", item);
    await budget.spend(bytesOf(item));
  }
  for (const [name, item] of former) {
    if (isOffered(name, isShown)) note(name, "removed", item);
    await budget.spend(bytesOf(item));
  }
  return { changes, total };
}

function isOffered(name: JsonValue | undefined, isShown: Comparison["isShown"]): name is string {
  return typeof name === "string" && isShown(name);
}

/** Digests are made of those only whose text differs, which are few. */
function isRedefined(old: JsonObject, now: JsonObject): boolean {
  return JSON.stringify(old) !== JSON.stringify(now) && definitionDigest(old) !== definitionDigest(now);
}

/**
 * Numbers that no double holds, of which RFC 8785 does not speak, count with all their digits. What has no canonical form, an infinite
 * number, is taken as clients are sent it: no server can keep itself from being listed by it.
 */
function canonicalText(value: JsonObject): string {
  try {
    return canonicalize(value) ?? "";
  } catch {
    return JSON.stringify(value);
  }
}
