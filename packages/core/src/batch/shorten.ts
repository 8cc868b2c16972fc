import type { ResultPayload } from "../protocol/result-payload.ts";
import type { SettledItem } from "./batch-run.ts";
import type { ContinuationStore } from "./continuation-store.ts";

/** Characters of JSON that a single result may have in the answer of a batch. */
const RESULT_CHARS_MAX = 100_000;
/** Characters of JSON that all results together may have: an agent reads the answer as one piece. */
const BATCH_CHARS_MAX = 1_000_000;
const PREVIEW_CHARS = 500;

/** What stands in a report in place of a large result. */
export interface ShortenedResult {
  /** For `hangar_fetch_continuation`; null when there was no room to keep the result. */
  readonly continuation_id: string | null;
  /** Length of the result as JSON text. */
  readonly total_chars: number;
  /** The beginning of that text. */
  readonly preview: string;
  /** How long the continuation is kept. */
  readonly expires_in_s: number;
  readonly note: string;
}

/** Keeps the results that are too large for the answer of a batch, the largest first, by the index of their item. */
export function shortenResults(
  items: readonly SettledItem[],
  owner: string,
  store: ContinuationStore,
): ReadonlyMap<number, ShortenedResult> {
  const results = items.flatMap(({ index, result }) =>
    result.kind === "result" ? [{ index, result: result.result, chars: lengthOf(result.result) }] : [],
  );
  let total = results.reduce((sum, { chars }) => sum + chars, 0);
  const shortened = new Map<number, ShortenedResult>();
  for (const { index, result, chars } of results.sort((one, other) => other.chars - one.chars)) {
    if (chars <= RESULT_CHARS_MAX && total <= BATCH_CHARS_MAX) break;
    total -= chars;
    shortened.set(index, shorten(textOf(result), owner, store));
  }
  return shortened;
}

function shorten(text: string, owner: string, store: ContinuationStore): ShortenedResult {
  const id = store.put(owner, text);
  return {
    continuation_id: id ?? null,
    total_chars: text.length,
    preview: text.slice(0, PREVIEW_CHARS).toWellFormed(),
    expires_in_s: id === undefined ? 0 : Math.round(store.ttlMs / 1_000),
    note:
      id === undefined
        ? "The result is too large for this answer, and there was no room to keep it: delete continuations that are done with, or call the tool by itself."
        : "The result is too large for this answer: fetch it with hangar_fetch_continuation.",
  };
}

/** For bytes this is their number: as good a measure, and free. */
function lengthOf(result: ResultPayload): number {
  return result.bytes?.length ?? textOf(result).length;
}

function textOf(result: ResultPayload): string {
  return result.bytes?.toString("utf8") ?? JSON.stringify(result.value);
}
