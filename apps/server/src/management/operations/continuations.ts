import type { ContinuationStore } from "@mcp-hangar/core";
import { z } from "zod";
import { type Operation, type OperationFailure, operation, operationFailure } from "../operation.ts";
import type { ManagementParts } from "../parts.ts";

/** Characters of one page; as many as `hangar_call` leaves in an answer. */
const PAGE_CHARS_MAX = 100_000;

const continuationId = z.string().min(1).max(100).describe("The continuation_id that hangar_call answered.");

/** Results that were too large for the answer of a batch. They belong to the caller who made the batch. */
export function continuationOperations({
  continuations,
}: Pick<ManagementParts, "continuations">): readonly Operation[] {
  return [
    operation({
      id: "fetchContinuation",
      title: "Read a large result",
      description:
        "Reads a part of a result that was too large for the answer of hangar_call, as JSON text. Repeat with next_offset until it is null.",
      permission: "tools:call",
      effect: "read",
      tool: "hangar_fetch_continuation",
      forAgents: true,
      route: { method: "GET", path: "/api/continuations/{continuation_id}" },
      input: z.object({
        continuation_id: continuationId,
        offset: z.int().min(0).default(0).describe("Where to start, in characters; next_offset of the page before."),
        limit: z.int().min(1).max(PAGE_CHARS_MAX).default(20_000).describe("Characters to read."),
      }),
      output: z.object({
        continuation_id: z.string(),
        content: z.string(),
        offset: z.int(),
        next_offset: z.int().nullable(),
        total_chars: z.int(),
        expires_in_s: z.int(),
      }),
      run: ({ continuation_id: id, offset, limit }, { caller }) => {
        const page = continuations.fetch(caller.credential, id, { offset, limit });
        if (page === undefined) return unknown(continuations, id);
        return {
          continuation_id: id,
          content: page.content,
          offset: page.offset,
          next_offset: page.nextOffset ?? null,
          total_chars: page.totalChars,
          expires_in_s: Math.floor(page.expiresInMs / 1_000),
        };
      },
    }),
    operation({
      id: "deleteContinuation",
      title: "Forget a large result",
      description:
        "Deletes a result that hangar_call has kept. It would expire by itself; deleting makes room at once.",
      permission: "tools:call",
      effect: "destroy",
      tool: "hangar_delete_continuation",
      forAgents: true,
      route: { method: "DELETE", path: "/api/continuations/{continuation_id}" },
      input: z.object({ continuation_id: continuationId }),
      output: z.object({ continuation_id: z.string(), deleted: z.boolean() }),
      run: ({ continuation_id: id }, { caller }) =>
        continuations.delete(caller.credential, id)
          ? { continuation_id: id, deleted: true }
          : unknown(continuations, id),
    }),
  ];
}

/** The same words for what never was, what has expired, and what belongs to somebody else. */
function unknown(continuations: ContinuationStore, id: string): OperationFailure {
  const message = `there is no continuation "${id}"; they are kept for ${continuations.ttlMs / 1_000} s`;
  return operationFailure("unknown_continuation", 404, message);
}
