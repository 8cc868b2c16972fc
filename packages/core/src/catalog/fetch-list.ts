import type { CancelSignal } from "../platform/cancellation.ts";
import type { Clock } from "../platform/platform.ts";
import { taskMethods } from "../tasks/task-messages.ts";
import type { UpstreamFailure, UpstreamSession } from "../transports/session.ts";
import type { ListFaults } from "./list-faults.ts";
import { ListInspection } from "./list-inspection.ts";
import { readListPage } from "./list-page.ts";
import { LISTS, type ListItems, type ListKind } from "./lists.ts";

/** A list has at most this many pages: a server that hands out cursors for ever is cut off. */
const PAGES_MAX = 200;

/** Why a list could not be fetched. */
export interface ListFailure {
  readonly kind: "failed";
  readonly errorType: Exclude<UpstreamFailure["errorType"], "aborted"> | "timeout";
  readonly message: string;
}

export type FetchedList =
  | {
      readonly kind: "items";
      readonly items: ListItems;
      readonly faults: ListFaults;
      /** The shortest time that a page may be kept, in milliseconds; `undefined` when the server did not say. */
      readonly ttlMs: number | undefined;
    }
  | ListFailure;

/** What a fetch needs. */
export interface ListFetch {
  readonly session: UpstreamSession;
  readonly clock: Pick<Clock, "defer">;
  readonly signal: CancelSignal;
}

/**
 * Fetches a whole list, page by page, and makes its items such as clients can read them. A server without the capability
 * has an empty list and is not asked.
 */
export async function fetchList(list: ListKind, { session, clock, signal }: ListFetch): Promise<FetchedList> {
  const { method, key, capability } = LISTS[list];
  const inspection = new ListInspection(list, clock, {
    // There are tasks in the legacy era only: of a server of both, that is its other side.
    makesTasks: async () => taskMethods((await session.peerFor("legacy")).capabilities) !== undefined,
  });
  const { capabilities } = session.peer;
  const seen = new Set<string>();
  let cursor: string | undefined;
  let ttlMs: number | undefined;
  for (let page = 0; capabilities[capability] !== undefined; page++) {
    const params = cursor === undefined ? {} : { cursor };
    const reply = await session.request({ method, params, signal, trace: {} });
    if (reply.kind === "error") {
      // A server may announce resources and still not know templates; that is an empty list, not a broken server.
      if (reply.error.code === -32601) break;
      return failed("upstream_error", `${method}: ${reply.error.message} (${reply.error.code})`);
    }
    if (reply.kind === "failed") {
      return failed(reply.errorType === "aborted" ? "timeout" : reply.errorType, `${method}: ${reply.message}`);
    }
    // The bytes of a long page have just been looked through once: others come first.
    if (reply.result.bytes !== undefined) await new Promise<void>((resolve) => clock.defer(resolve));
    const listed = readListPage(reply.result, key);
    if (listed === undefined) return failed("protocol", `${method}: the result has no array "${key}"`);
    if (typeof listed.ttlMs === "number" && listed.ttlMs > 0) ttlMs = Math.min(listed.ttlMs, ttlMs ?? Infinity);
    if (!(await inspection.take(listed.items))) break;
    const { nextCursor: next } = listed;
    // Some servers end with an empty cursor, and some give out one that they gave out before.
    if (typeof next !== "string" || next === "" || seen.has(next)) break;
    seen.add(next);
    if (page + 1 >= PAGES_MAX) {
      inspection.cut(`${PAGES_MAX} pages`);
      break;
    }
    cursor = next;
  }
  return { kind: "items", items: inspection.items, faults: inspection.faults, ttlMs };
}

function failed(errorType: ListFailure["errorType"], message: string): ListFailure {
  return { kind: "failed", errorType, message };
}
