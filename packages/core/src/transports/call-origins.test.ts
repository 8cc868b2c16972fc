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
    expect(origins.callOf([], 0)).toBeUndefined();
    expect(origins.callOf([ann], 0)).toBe(ann);
    expect(origins.callOf([request(undefined), request("ann", "tools/list")], 0)).toMatchObject({ origin: undefined });
    expect(origins.callOf([ann, another], 0)).toBe(another);
    expect(origins.callOf([ann, request("bob", "tools/list")], 0)).toBe(ann);
  });

  it("is of nobody while several callers wait, or several who did not say who they are", () => {
    const origins = new CallOrigins();
    expect(origins.callOf([ann, bob], 0)).toBeUndefined();
    expect(origins.callOf([ann, request("ann"), bob], 0)).toBeUndefined();
    expect(origins.callOf([request(undefined), request(undefined)], 0)).toBeUndefined();
    expect(origins.callOf([ann, request(undefined)], 0)).toBeUndefined();
  });

  it("is of nobody for a second after another caller was answered, as servers log late", () => {
    const origins = new CallOrigins();
    origins.answered(ann, 5_000);
    expect(origins.callOf([bob], 5_999)).toBeUndefined();
    expect(origins.callOf([ann], 5_999)).toBe(ann);
    expect(origins.callOf([bob], 6_000)).toBe(bob);
    origins.answered(bob, 6_000);
    origins.answered(request("bob", "tools/list"), 6_500);
    // What ann was answered a second ago is past, though others came between.
    expect(origins.callOf([bob], 6_001)).toBe(bob);
    expect(origins.callOf([ann], 6_999)).toBeUndefined();
  });

  it("is of nobody for half a minute after a call was given up", () => {
    const origins = new CallOrigins();
    origins.givenUp(ann, 1_000);
    expect(origins.callOf([ann], 30_999)).toBeUndefined();
    expect(origins.callOf([bob], 31_000)).toBe(bob);
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
        if (call === undefined) continue;
        attributed++;
        expect(inFlight.every(({ origin }) => origin === call.origin)).toBe(true);
        const late = ended.filter(({ atMs }) => nowMs - atMs < 1_000);
        expect(late.every(({ origin }) => origin === call.origin)).toBe(true);
      }
      if (run === 0) expect(attributed).toBeGreaterThan(0);
    }
  });
});
