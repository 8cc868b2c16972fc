import { describe, expect, it } from "vitest";
import { seededRandom } from "../testing/index.ts";
import { CallOrigins } from "./call-origins.ts";
import type { UpstreamRequest } from "./session.ts";

const request = (origin: string | undefined, method = "tools/call"): UpstreamRequest => {
  return { method, params: {}, signal: undefined, trace: {}, origin };
};

describe("a message without an origin", () => {
  const ann = request("ann");
  const bob = request("bob");

  it("is of the only call in flight, or of the latest when all are of one known caller", () => {
    const origins = new CallOrigins();
    const another = request("ann");
    expect(origins.callOf([], 0)).toMatch("no call is in flight");
    expect(origins.callOf([ann], 0)).toBe(ann);
    expect(origins.callOf([request(undefined), request("ann", "tools/list")], 0)).toMatchObject({ origin: undefined });
    expect(origins.callOf([ann, another], 0)).toBe(another);
    expect(origins.callOf([ann, request("bob", "tools/list")], 0)).toBe(ann);
  });

  it("is of nobody while several callers wait, or several who did not say who they are", () => {
    const origins = new CallOrigins();
    const unclear = "calls of several clients are in flight on the one session that they share";
    expect(origins.callOf([ann, bob], 0)).toBe(unclear);
    expect(origins.callOf([ann, request("ann"), bob], 0)).toBe(unclear);
    expect(origins.callOf([request(undefined), request(undefined)], 0)).toBe(unclear);
    expect(origins.callOf([ann, request(undefined)], 0)).toBe(unclear);
  });

  it("is of nobody for a second after another caller was answered, as servers log late", () => {
    const origins = new CallOrigins();
    origins.answered(ann, 5_000);
    expect(origins.callOf([bob], 5_999)).toMatch("was answered a moment ago");
    expect(origins.callOf([ann], 5_999)).toBe(ann);
    expect(origins.callOf([bob], 6_000)).toBe(bob);
    origins.answered(bob, 6_000);
    origins.answered(request("bob", "tools/list"), 6_500);
    // What ann was answered a second ago is past, though others came between.
    expect(origins.callOf([bob], 6_001)).toBe(bob);
    expect(origins.callOf([ann], 6_999)).toMatch("was answered a moment ago");
  });

  describe("after a call was given up", () => {
    const GONE = "a call of another client was given up a moment ago and may be what it stems from";
    const leave = (origins: CallOrigins, call = ann): void => origins.givenUp(call, { id: 7, lastId: 9 }, 1_000);

    it("is of nobody else for half a minute, if the server says nothing", () => {
      const origins = new CallOrigins();
      leave(origins);
      expect(origins.callOf([bob], 30_999)).toBe(GONE);
      expect(origins.callOf([bob], 31_000)).toBe(bob);
    });

    it("is of the same caller at once, who is no stranger to it", () => {
      const origins = new CallOrigins();
      leave(origins);
      expect(origins.callOf([ann], 1_000)).toBe(ann);
      const unknown = request(undefined);
      leave(origins, unknown);
      expect(origins.callOf([unknown], 1_000)).toBe(GONE);
    });

    it.each([
      ["has answered it all the same", 7],
      ["has answered what was sent after the cancellation", 10],
    ])("is of somebody else a second after the server %s", (_what, id) => {
      const origins = new CallOrigins();
      leave(origins);
      expect(origins.doubts(1_500)).toBe(true);
      origins.heard(id, 1_500);
      expect(origins.doubts(1_500)).toBe(false);
      expect(origins.callOf([bob], 2_499)).toBe(GONE);
      expect(origins.callOf([bob], 2_500)).toBe(bob);
    });

    it("learns nothing from answers to what was sent before", () => {
      const origins = new CallOrigins();
      leave(origins);
      for (const id of [1, 6, 8, 9]) origins.heard(id, 1_500);
      expect(origins.doubts(1_500)).toBe(true);
      expect(origins.callOf([bob], 30_999)).toBe(GONE);
    });

    it("is of nobody for half a minute when more were given up than are remembered", () => {
      const origins = new CallOrigins();
      for (let id = 1; id <= 257; id++) origins.givenUp(ann, { id, lastId: 300 }, 0);
      for (let id = 1; id <= 257; id++) origins.heard(id, 0);
      expect(origins.callOf([ann], 29_999)).toBe(GONE);
      expect(origins.callOf([ann], 30_000)).toBe(ann);
    });
  });

  it("is never of a caller beside whom another was served within a second, whatever happens", () => {
    const { next: random } = seededRandom(11);
    const callers = ["ann", "bob", "cy", undefined];
    for (let run = 0; run < 300; run++) {
      const origins = new CallOrigins();
      const inFlight: UpstreamRequest[] = [];
      const ended: { readonly origin: string | undefined; readonly atMs: number }[] = [];
      let attributed = 0;
      for (let step = 0, nowMs = 0; step < 60; step++, nowMs += Math.floor(random() * 500)) {
        const index = Math.floor(random() * inFlight.length);
        if (random() < 0.5) inFlight.push(request(callers[Math.floor(random() * callers.length)]));
        else if (inFlight[index] !== undefined) {
          const [done] = inFlight.splice(index, 1);
          if (done === undefined) throw new Error("there was one");
          ended.push({ origin: done.origin, atMs: nowMs });
          origins.answered(done, nowMs);
        }
        const call = origins.callOf(inFlight, nowMs);
        if (typeof call === "string") continue;
        attributed++;
        expect(inFlight.every(({ origin }) => origin === call.origin)).toBe(true);
        const late = ended.filter(({ atMs }) => nowMs - atMs < 1_000);
        expect(late.every(({ origin }) => origin === call.origin)).toBe(true);
      }
      if (run === 0) expect(attributed).toBeGreaterThan(0);
    }
  });
});
