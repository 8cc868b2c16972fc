import { describe, expect, it } from "vitest";
import { fakePlatform, seededRandom } from "../testing/index.ts";
import { type ContinuationLimits, ContinuationStore } from "./continuation-store.ts";

const LIMITS: ContinuationLimits = {
  ttlMs: 1_000,
  entriesMax: 4,
  bytesMax: 100,
  ownerEntriesMax: 3,
  ownerBytesMax: 60,
};

function setUp() {
  const platform = fakePlatform();
  const store = new ContinuationStore(platform, LIMITS);
  const keep = (owner: string, text: string): string => {
    const id = store.put(owner, text);
    if (id === undefined) throw new Error("there was no room");
    return id;
  };
  return { clock: platform.clock, store, keep };
}

const WHOLE = { offset: 0, limit: 1_000 };

describe("ContinuationStore", () => {
  it("gives a text back page by page", () => {
    const { store, keep } = setUp();
    const id = keep("alice", "abcdefgh");
    expect(store.fetch("alice", id, { offset: 0, limit: 5 })).toEqual({
      content: "abcde",
      offset: 0,
      totalChars: 8,
      nextOffset: 5,
      expiresInMs: 1_000,
    });
    expect(store.fetch("alice", id, { offset: 5, limit: 5 })).toMatchObject({ content: "fgh", nextOffset: undefined });
    expect(store.fetch("alice", id, { offset: 99, limit: 5 })).toMatchObject({ content: "", offset: 8 });
  });

  it("cuts no character in two, and pages add up to the text", () => {
    const { store, keep } = setUp();
    const text = "a😀b😀😀c";
    const id = keep("alice", text);
    for (const limit of [1, 2, 3, 4]) {
      const pages: string[] = [];
      for (let offset: number | undefined = 0; offset !== undefined; ) {
        const page = store.fetch("alice", id, { offset, limit });
        pages.push(page?.content ?? "");
        offset = page?.nextOffset;
      }
      expect(pages.join(""), `limit ${limit}`).toBe(text);
      expect(pages.every((page) => page.isWellFormed())).toBe(true);
    }
  });

  it("answers somebody else as if there were no such text", () => {
    const { store, keep } = setUp();
    const id = keep("alice", "secret");
    expect(store.fetch("bob", id, WHOLE)).toBe(store.fetch("bob", "no-such-id", WHOLE));
    expect([store.delete("bob", id), store.delete("bob", "no-such-id")]).toEqual([false, false]);
    expect(store.fetch("alice", id, WHOLE)?.content).toBe("secret");
  });

  it("forgets what was deleted, once", () => {
    const { store, keep } = setUp();
    const id = keep("alice", "abc");
    expect([store.delete("alice", id), store.delete("alice", id)]).toEqual([true, false]);
    expect(store.fetch("alice", id, WHOLE)).toBeUndefined();
    expect([store.size, store.bytes]).toEqual([0, 0]);
  });

  it("forgets what has expired, even when nobody asks, and leaves no timer behind", () => {
    const { clock, store, keep } = setUp();
    const first = keep("alice", "abc");
    clock.advance(600);
    const second = keep("alice", "def");
    clock.advance(399);
    expect(store.fetch("alice", first, WHOLE)?.expiresInMs).toBe(1);
    clock.advance(1);
    expect(store.size).toBe(1);
    expect(store.fetch("alice", second, WHOLE)?.content).toBe("def");
    clock.advance(600);
    expect([store.size, store.bytes, clock.pendingTimers]).toEqual([0, 0, 0]);
  });

  it.each<[string, readonly (readonly [owner: string, characters: number])[], readonly [string, number]]>([
    [
      "the owner has too many",
      [
        ["a", 1],
        ["a", 1],
        ["a", 1],
      ],
      ["a", 1],
    ],
    ["the owner's are too large", [["a", 20]], ["a", 11]],
    [
      "there are too many",
      [
        ["a", 1],
        ["a", 1],
        ["b", 1],
        ["b", 1],
      ],
      ["c", 1],
    ],
    [
      "all are too large",
      [
        ["a", 30],
        ["b", 20],
      ],
      ["c", 1],
    ],
  ])("refuses a text when %s, until there is room again", (_name, kept, [owner, characters]) => {
    const { clock, store, keep } = setUp();
    for (const [who, length] of kept) keep(who, "x".repeat(length));
    expect(store.put(owner, "x".repeat(characters))).toBeUndefined();
    expect(store.size).toBe(kept.length);
    clock.advance(1_000);
    expect(store.put(owner, "x".repeat(characters))).toBeDefined();
  });

  it("counts right through any history", () => {
    const { clock, store } = setUp();
    const random = seededRandom(7);
    const ids: string[] = [];
    for (let step = 0; step < 3_000; step++) {
      const owner = random.pick(["a", "b", "c"]);
      if (random.chance(0.5)) ids.push(store.put(owner, "x".repeat(random.integer(1, 20))) ?? "none");
      if (random.chance(0.3)) store.delete(owner, ids[random.integer(0, ids.length)] ?? "none");
      if (random.chance(0.2)) clock.advance(random.integer(0, 400));
      expect(store.size).toBeLessThanOrEqual(LIMITS.entriesMax);
      expect(store.bytes).toBeLessThanOrEqual(LIMITS.bytesMax);
      expect(store.bytes > 0).toBe(store.size > 0);
    }
    clock.advance(LIMITS.ttlMs);
    expect([store.size, store.bytes, clock.pendingTimers]).toEqual([0, 0, 0]);
    // Nobody's share was used up by what is gone.
    expect(["a", "b", "c"].map((owner) => store.put(owner, "x".repeat(15)) !== undefined)).toEqual([true, true, true]);
  });

  it("forgets everything when it is closed", () => {
    const { clock, store, keep } = setUp();
    keep("alice", "abc");
    store.close();
    expect([store.size, store.bytes, clock.pendingTimers]).toEqual([0, 0, 0]);
  });
});
