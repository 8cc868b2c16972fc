import { isJsonObject, type JsonObject } from "../protocol/json-rpc.ts";
import type { UpstreamSession } from "../transports/session.ts";
import { LISTS, type ListItems, type ListKind } from "./lists.ts";

/** A list has at most this many pages and items: a server that hands out cursors for ever is cut off. */
const MAX_PAGES = 200;
const MAX_ITEMS = 20_000;

export type FetchedList =
  | { readonly kind: "items"; readonly items: ListItems }
  | { readonly kind: "failed"; readonly message: string };

/** Fetches a whole list, page by page. A server without the capability has an empty list and is not asked. */
export async function fetchList(session: UpstreamSession, list: ListKind, signal: AbortSignal): Promise<FetchedList> {
  const { method, key, capability } = LISTS[list];
  if (session.peer.capabilities[capability] === undefined) return { kind: "items", items: [] };
  const items: JsonObject[] = [];
  let cursor: string | undefined;
  for (let page = 0; page < MAX_PAGES; page++) {
    const params = cursor === undefined ? {} : { cursor };
    const reply = await session.request({ method, params, signal, trace: {} });
    if (reply.kind === "error") {
      // A server may announce resources and still not know templates; that is an empty list, not a broken server.
      if (reply.error.code === -32601) return { kind: "items", items };
      return { kind: "failed", message: `${method}: ${reply.error.message} (${reply.error.code})` };
    }
    if (reply.kind === "failed") return { kind: "failed", message: `${method}: ${reply.message}` };
    const value = reply.result.value;
    const part = value[key];
    if (!Array.isArray(part)) return { kind: "failed", message: `${method}: the result has no array "${key}"` };
    for (const item of part) if (isJsonObject(item)) items.push(item);
    const next = value.nextCursor;
    if (typeof next !== "string" || next === cursor || items.length >= MAX_ITEMS) break;
    cursor = next;
  }
  return { kind: "items", items: items.slice(0, MAX_ITEMS) };
}
