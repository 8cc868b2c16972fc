import { type Failure, type FleetEntry, type JsonObject, LISTS, type ListItems, type ListKind } from "@mcp-hangar/core";
import type { ClientRequest } from "./client-request.ts";
import { type Scope, textOf } from "./scope.ts";

/**
 * How long the first list of an aggregate waits for a server that has never been listed. What comes later is announced by
 * `list_changed`, and later lists do not wait for it again.
 */
const FIRST_LIST_WAIT_MS = 10_000;
/** Items of one page; clients follow the cursor. */
const PAGE_ITEMS = 1_000;

export type ListOutcome = { readonly kind: "items"; readonly items: ListItems } | Failure;

/**
 * The merged list of an endpoint. Servers that were listed before answer from memory at once, cold or dead; others are
 * started. A server that fails is left out of an aggregate, which waits for it only once; a single server's failure is the
 * answer.
 */
export async function mergedList(
  scope: Scope,
  list: ListKind,
  { caller, signal }: Pick<ClientRequest, "caller" | "signal">,
): Promise<ListOutcome> {
  const patience = AbortSignal.any([signal, AbortSignal.timeout(FIRST_LIST_WAIT_MS)]);
  const parts = await Promise.all(
    scope.entries(caller).map(async (entry) => {
      const items = await (scope.single ? listOf(entry, list, patience) : listOnce(entry, list, patience, signal));
      if (isFailure(items)) return items;
      const visible =
        list === "tools" ? items.filter(({ name }) => scope.admits(caller, entry.id, textOf(name))) : items;
      return visible.map((item) => qualified(scope, entry.id, list, item));
    }),
  );
  const [only] = parts;
  if (scope.single && only !== undefined && isFailure(only)) return only;
  return { kind: "items", items: parts.flatMap((part) => (isFailure(part) ? [] : part)) };
}

/** Servers that a list was waited for in vain, and whether it is being tried again in the background. */
const inVain = new WeakMap<FleetEntry, Map<ListKind, "resting" | "trying">>();

/** As {@link listOf}, but what was waited for in vain is tried again without anybody waiting. */
async function listOnce(
  entry: FleetEntry,
  list: ListKind,
  signal: AbortSignal,
  client: AbortSignal,
): Promise<ListItems | Failure> {
  const failed = inVain.get(entry) ?? new Map<ListKind, "resting" | "trying">();
  const state = failed.get(list);
  if (state === undefined || entry.catalog.known(list) !== undefined) {
    const items = await listOf(entry, list, signal);
    if (!isFailure(items)) failed.delete(list);
    // A client that left early has not waited in vain.
    else if (!client.aborted) inVain.set(entry, failed.set(list, "resting"));
    return items;
  }
  if (state === "resting") {
    failed.set(list, "trying");
    void entry.refresh(list, AbortSignal.timeout(FIRST_LIST_WAIT_MS)).finally(() => failed.set(list, "resting"));
  }
  return [];
}

function listOf(entry: FleetEntry, list: ListKind, signal: AbortSignal): ListItems | Promise<ListItems | Failure> {
  const known = entry.catalog.known(list);
  if (known === undefined) return entry.refresh(list, signal);
  // It may be out of date: answer now; a difference is announced when it was fetched anew.
  entry.refreshInBackground(list);
  return known;
}

function qualified(scope: Scope, id: string, list: ListKind, item: JsonObject): JsonObject {
  if (scope.single) return item;
  const renamed = { ...item, name: scope.qualify(id, textOf(item.name)) };
  switch (list) {
    case "tools":
    case "prompts":
      return renamed;
    case "resources":
      return { ...renamed, uri: scope.qualifyUri(id, textOf(item.uri)) };
    case "resourceTemplates":
      return { ...renamed, uriTemplate: scope.qualifyUri(id, textOf(item.uriTemplate)) };
  }
}

/** One page of a list as a result, or `undefined` for a cursor that this gateway did not hand out. */
export function page(list: ListKind, items: ListItems, cursor: unknown): JsonObject | undefined {
  const start = cursor === undefined ? 0 : offsetOf(cursor);
  if (start === undefined || (start > 0 && start >= items.length)) return undefined;
  const end = start + PAGE_ITEMS;
  const result = { [LISTS[list].key]: items.slice(start, end) };
  return end < items.length ? { ...result, nextCursor: `${CURSOR_PREFIX}${end}` } : result;
}

const CURSOR_PREFIX = "from-";

function offsetOf(cursor: unknown): number | undefined {
  const match = typeof cursor === "string" ? /^from-(\d{1,9})$/.exec(cursor) : null;
  return match?.[1] === undefined ? undefined : Number(match[1]);
}

function isFailure(value: ListItems | Failure): value is Failure {
  return "code" in value;
}
