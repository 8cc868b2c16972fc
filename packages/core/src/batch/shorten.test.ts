import { describe, expect, it } from "vitest";
import type { CallResult } from "../call.ts";
import { failure } from "../errors.ts";
import { ResultPayload, summarise } from "../protocol/result-payload.ts";
import { fakePlatform } from "../testing/index.ts";
import type { SettledItem } from "./batch-run.ts";
import { ContinuationStore } from "./continuation-store.ts";
import { ResultShortener } from "./shorten.ts";

const OWNER = "api_key:1";

/** A result held as bytes, as a large one comes from an upstream. */
function result(chars: number, isError = false): CallResult {
  const value = { content: [{ type: "text", text: "x".repeat(chars) }], isError };
  return { kind: "result", result: ResultPayload.ofJson(Buffer.from(JSON.stringify(value)), summarise(value)) };
}

function item(index: number, ended: CallResult): SettledItem {
  return { index, call: { server: "a", tool: "t" }, callId: "c", attempts: 1, elapsedMs: 1, result: ended };
}

function shortener(): { readonly store: ContinuationStore; readonly results: ResultShortener } {
  const store = new ContinuationStore(fakePlatform());
  return { store, results: new ResultShortener(OWNER, store) };
}

describe("results of a batch", () => {
  it.each([false, true])(
    "are let go of as soon as they are too large, but not how they ended (isError %s)",
    (isError) => {
      const { results, store } = shortener();
      const kept = results.keep(0, result(150_000, isError));
      expect(kept).toMatchObject({ kind: "result" });
      if (kept.kind !== "result") return;
      expect(kept.result.bytes).toBeUndefined();
      expect(kept.result.value).toEqual({});
      expect(kept.result.isError).toBe(isError);
      expect(store.size).toBe(1);
      expect(results.finish([item(0, kept)]).get(0)?.total_chars).toBeGreaterThan(150_000);
    },
  );

  it("of all sizes come to an answer of bounded size, in any order, with what was cut in the store", () => {
    const { results, store } = shortener();
    const sizes = Array.from({ length: 100 }, (_, index) => (index * 7_919) % 120_000);
    const items = sizes.map((size, index) => item(index, results.keep(index, result(size))));
    const shortened = results.finish(items);
    const left = items.flatMap(({ index, result: ended }) =>
      ended.kind === "result" && !shortened.has(index) ? [ended.result.bytes?.length ?? 0] : [],
    );
    expect(left.reduce((sum, chars) => sum + chars, 0)).toBeLessThanOrEqual(1_000_000);
    expect(Math.max(...left)).toBeLessThanOrEqual(100_000);
    expect(store.size).toBe(shortened.size);
  });

  it("of attempts that were not the last leave nothing in the store", () => {
    const { results, store } = shortener();
    results.keep(0, result(150_000, true));
    const last = results.keep(0, result(10));
    results.keep(1, result(150_000, true));
    const failed = failure("timeout", "too late");
    expect(results.finish([item(0, last), item(1, failed)]).size).toBe(0);
    expect(store.size).toBe(0);
    expect(store.bytes).toBe(0);
  });
});
