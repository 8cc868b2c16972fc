import { type ContinuationStore, LOCAL_CALLER, ownerOf, type RelayContext } from "@mcp-hangar/core";
import { z } from "zod";
import { failed, type ManagementTool, parsedTool, succeeded } from "./management-tool.ts";

/** Characters of one page; as many as `hangar_call` leaves in an answer. */
const PAGE_CHARS_MAX = 100_000;

const continuationId = z.string().min(1).max(100).describe("The continuation_id that hangar_call answered.");

/** `hangar_fetch_continuation`: a part of a result that was too large for the answer of a batch. */
export function fetchContinuation(store: ContinuationStore): ManagementTool {
  const description = {
    name: "hangar_fetch_continuation",
    title: "Read a large result",
    description:
      "Reads a part of a result that was too large for the answer of hangar_call, as JSON text. Repeat with next_offset until it is null.",
    annotations: { readOnlyHint: true, openWorldHint: false },
  };
  const input = z.strictObject({
    continuation_id: continuationId,
    offset: z.int().min(0).default(0).describe("Where to start, in characters; next_offset of the page before."),
    limit: z.int().min(1).max(PAGE_CHARS_MAX).default(20_000).describe("Characters to read."),
  });
  return parsedTool(description, input, ({ continuation_id: id, offset, limit }, context) => {
    const page = store.fetch(owner(context), id, { offset, limit });
    if (page === undefined) return unknown(store, id);
    return succeeded({
      continuation_id: id,
      content: page.content,
      offset: page.offset,
      next_offset: page.nextOffset ?? null,
      total_chars: page.totalChars,
      expires_in_s: Math.floor(page.expiresInMs / 1_000),
    });
  });
}

/** `hangar_delete_continuation`: gives back the room of a result that is no longer wanted. */
export function deleteContinuation(store: ContinuationStore): ManagementTool {
  const description = {
    name: "hangar_delete_continuation",
    title: "Forget a large result",
    description: "Deletes a result that hangar_call has kept. It would expire by itself; deleting makes room at once.",
    annotations: { readOnlyHint: false, destructiveHint: true, idempotentHint: true, openWorldHint: false },
  };
  const input = z.strictObject({ continuation_id: continuationId });
  return parsedTool(description, input, ({ continuation_id: id }, context) =>
    store.delete(owner(context), id) ? succeeded({ continuation_id: id, deleted: true }) : unknown(store, id),
  );
}

function owner({ caller }: RelayContext): string {
  return ownerOf(caller ?? LOCAL_CALLER);
}

/** The same words for what never was, what has expired, and what belongs to somebody else. */
function unknown(store: ContinuationStore, id: string): ReturnType<typeof failed> {
  const error = `there is no continuation "${id}"; they are kept for ${store.ttlMs / 1_000} s`;
  return failed({ success: false, error_type: "unknown_continuation", error });
}
