import type { CallResult } from "../call.ts";
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

/**
 * Makes the results of one batch small enough for its answer. One that is too large for any answer goes to the store as soon
 * as it has come, so that a batch holds no more than the results that are under way; what all together are too large by,
 * the largest first, goes there when all have come.
 */
export class ResultShortener {
  readonly #owner: string;
  readonly #store: ContinuationStore;
  readonly #shortened = new Map<number, ShortenedResult>();

  constructor(owner: string, store: ContinuationStore) {
    this.#owner = owner;
    this.#store = store;
  }

  /** Takes how an attempt at an item ended. What comes back is to be kept in its place; an earlier attempt is forgotten. */
  keep(index: number, result: CallResult): CallResult {
    this.#forget(index);
    if (result.kind !== "result" || lengthOf(result.result) <= RESULT_CHARS_MAX) return result;
    this.#shortened.set(index, shorten(result.result, this.#owner, this.#store));
    return { kind: "result", result: result.result.emptied() };
  }

  /** What stands in the place of results, by the index of their item. To be called when all have come. */
  finish(items: readonly SettledItem[]): ReadonlyMap<number, ShortenedResult> {
    const results = items.flatMap(({ index, result }) =>
      result.kind === "result" && !this.#shortened.has(index)
        ? [{ index, result: result.result, chars: lengthOf(result.result) }]
        : [],
    );
    // An attempt of an item may have had a result, and the last one none.
    const ended = new Set(items.flatMap(({ index, result }) => (result.kind === "result" ? [index] : [])));
    for (const index of this.#shortened.keys()) if (!ended.has(index)) this.#forget(index);
    let total = results.reduce((sum, { chars }) => sum + chars, 0);
    for (const { index, result, chars } of results.sort((one, other) => other.chars - one.chars)) {
      if (total <= BATCH_CHARS_MAX) break;
      total -= chars;
      this.#shortened.set(index, shorten(result, this.#owner, this.#store));
    }
    return this.#shortened;
  }

  #forget(index: number): void {
    const id = this.#shortened.get(index)?.continuation_id;
    if (typeof id === "string") this.#store.delete(this.#owner, id);
    this.#shortened.delete(index);
  }
}

function shorten(result: ResultPayload, owner: string, store: ContinuationStore): ShortenedResult {
  const text = textOf(result);
  const id = store.put(owner, text);
  return {
    continuation_id: id ?? null,
    total_chars: text.length,
    preview: beginningOf(text),
    expires_in_s: id === undefined ? 0 : Math.round(store.ttlMs / 1_000),
    note:
      id === undefined
        ? "The result is too large for this answer, and there was no room to keep it: delete continuations that are done with, or call the tool by itself."
        : "The result is too large for this answer: fetch it with hangar_fetch_continuation.",
  };
}

/** A copy: V8 makes slices that keep the whole text alive. */
function beginningOf(text: string): string {
  return Buffer.from(text.slice(0, PREVIEW_CHARS).toWellFormed()).toString();
}

/** For bytes this is their number: as good a measure, and free. */
function lengthOf(result: ResultPayload): number {
  return result.bytes?.length ?? textOf(result).length;
}

function textOf(result: ResultPayload): string {
  return result.bytes?.toString("utf8") ?? JSON.stringify(result.value);
}
