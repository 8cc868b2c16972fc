import {
  abortSignalOf,
  type CancelSignal,
  type Era,
  type Failure,
  type FleetEntry,
  isJsonObject,
  type JsonObject,
  LISTS,
  type ListItems,
  type ListKind,
  largeItemChars,
} from "@mcp-hangar/core";
import type { Caller } from "@mcp-hangar/telemetry";
import { textOf } from "../text-of.ts";
import type { ClientRequest } from "./client-request.ts";
import { withQualifiedApp } from "./resource-links.ts";
import type { Scope } from "./scope.ts";

/**
 * How long the first list of an aggregate waits for a server that has never been listed. What comes later is announced by
 * `list_changed`, and later lists do not wait for it again.
 */
const FIRST_LIST_WAIT_MS = 10_000;
/** Items of one page; clients follow the cursor. */
const PAGE_ITEMS = 1_000;
/** Characters of JSON that the large items of one page have together: writing them takes one turn of the event loop. */
const PAGE_CHARS = 4 * 1024 * 1024;

/** What one server or group contributes to a list, or the gateway itself, whose names are not prefixed. */
export interface ListPart {
  readonly id: string | undefined;
  /** What its names here depend on, beside the names in `items`. */
  readonly naming: string;
  readonly items: ListItems;
}

export type ListOutcome = { readonly kind: "parts"; readonly parts: readonly ListPart[] } | Failure;

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
  // Most lists are known, and a timer of each request would outlive it by seconds.
  let patient: CancelSignal | undefined;
  const patience = (): CancelSignal => {
    patient ??= AbortSignal.any([abortSignalOf(signal), AbortSignal.timeout(FIRST_LIST_WAIT_MS)]);
    return patient;
  };
  const judging: Judging = { items: 0 };
  const parts = await Promise.all(
    scope.entries(caller).map(async (entry) => {
      const items = await (scope.single ? listOf(entry, list, patience) : listOnce(entry, list, patience, signal));
      if (isFailure(items)) return items;
      const naming = scope.naming(entry, list);
      return { id: entry.id, naming, items: await shownItems(scope, caller, { id: entry.id, list, items }, judging) };
    }),
  );
  const [only] = parts;
  if (scope.single && only !== undefined && isFailure(only)) return only;
  return { kind: "parts", parts: parts.flatMap((part) => (isFailure(part) ? [] : [part])) };
}

/** Items that roles judge between two turns of the event loop, of all servers together: a thousand servers may have few each. */
const TURN_ITEMS = 500;

/** How many items of one list roles have judged. */
interface Judging {
  items: number;
}

/** The items that exist for the caller. */
async function shownItems(
  scope: Scope,
  caller: Caller,
  { id, list, items }: { readonly id: string; readonly list: ListKind; readonly items: ListItems },
  judging: Judging,
): Promise<ListItems> {
  if (scope.sameForAll) return items;
  const { identity } = LISTS[list];
  const shown: JsonObject[] = [];
  for (const item of items) {
    if (scope.shows(caller, id, list, textOf(item[identity]))) shown.push(item);
    judging.items += 1;
    if (judging.items % TURN_ITEMS === 0) await new Promise<void>((resolve) => setImmediate(resolve));
  }
  return shown;
}

/** Servers that a list was waited for in vain, and whether it is being tried again in the background. */
const inVain = new WeakMap<FleetEntry, Map<ListKind, "resting" | "trying">>();

/** As {@link listOf}, but what was waited for in vain is tried again without anybody waiting. */
async function listOnce(
  entry: FleetEntry,
  list: ListKind,
  patience: () => CancelSignal,
  client: CancelSignal,
): Promise<ListItems | Failure> {
  if (entry.catalog.known(list) !== undefined && inVain.get(entry) === undefined) return listOf(entry, list, patience);
  const failed = inVain.get(entry) ?? new Map<ListKind, "resting" | "trying">();
  const state = failed.get(list);
  if (state === undefined || entry.catalog.known(list) !== undefined) {
    const items = await listOf(entry, list, patience);
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

function listOf(
  entry: FleetEntry,
  list: ListKind,
  patience: () => CancelSignal,
): ListItems | Promise<ListItems | Failure> {
  const known = entry.catalog.known(list);
  if (known === undefined) return entry.refresh(list, patience());
  // It may be out of date: answer now; a difference is announced when it was fetched anew.
  entry.refreshInBackground(list);
  return known;
}

/** Where a page begins, and for whom it is written. */
export interface PageRequest {
  readonly scope: Scope;
  readonly era: Era;
  /** Place of its first item. */
  readonly start: number;
}

/** One page of a list as a result, or `undefined` for one that begins behind the end. */
export function page(list: ListKind, parts: readonly ListPart[], request: PageRequest): JsonObject | undefined {
  const { start } = request;
  const total = parts.reduce((sum, { items }) => sum + items.length, 0);
  if (start > 0 && start >= total) return undefined;
  const items: JsonObject[] = [];
  let chars = 0;
  let skip = start;
  for (const { id, items: part } of parts) {
    for (let at = skip; at < part.length && items.length < PAGE_ITEMS && chars < PAGE_CHARS; at++) {
      const item = part[at];
      if (item === undefined) continue;
      chars += largeItemChars(item);
      items.push(written(list, id, item, request));
    }
    skip = Math.max(0, skip - part.length);
  }
  const end = start + items.length;
  const result = { [LISTS[list].key]: items };
  return end < total ? { ...result, nextCursor: `${CURSOR_PREFIX}${end}` } : result;
}

/** An item as clients of this endpoint and era are to see it. */
function written(list: ListKind, id: string | undefined, item: JsonObject, { scope, era }: PageRequest): JsonObject {
  const readable = era === "legacy" && list === "tools" ? forLegacyClients(item) : item;
  return id === undefined ? readable : qualified(scope, id, list, readable);
}

/** Legacy clients know results of objects only, and lose the whole list over the schema of any other. */
function forLegacyClients(tool: JsonObject): JsonObject {
  const { outputSchema, ...rest } = tool;
  return isJsonObject(outputSchema) && outputSchema.type !== "object" ? rest : tool;
}

function qualified(scope: Scope, id: string, list: ListKind, item: JsonObject): JsonObject {
  if (scope.single) return item;
  const renamed = { ...item, name: scope.qualify(id, list, textOf(item.name)) };
  switch (list) {
    case "tools":
      return withQualifiedApp(renamed, (uri) => scope.qualifyUri(id, uri));
    case "prompts":
      return renamed;
    case "resources":
      return { ...renamed, uri: scope.qualifyUri(id, textOf(item.uri)) };
    case "resourceTemplates":
      return { ...renamed, uriTemplate: scope.qualifyUri(id, textOf(item.uriTemplate)) };
  }
}

const CURSOR_PREFIX = "from-";

/** Where the page of a cursor begins: none is the first one, and `undefined` is for what this gateway did not hand out. */
export function startOf(cursor: unknown): number | undefined {
  if (cursor === undefined) return 0;
  const match = typeof cursor === "string" ? /^from-(\d{1,9})$/.exec(cursor) : null;
  return match?.[1] === undefined ? undefined : Number(match[1]);
}

function isFailure<Value extends object>(value: Value | Failure): value is Failure {
  return "code" in value;
}
