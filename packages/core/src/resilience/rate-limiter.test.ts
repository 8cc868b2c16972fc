import { describe, expect, it } from "vitest";
import { FakeClock } from "../testing/fake-clock.ts";
import { seededRandom } from "../testing/seeded-random.ts";
import { RateLimiter } from "./rate-limiter.ts";

const LIMITS = { requestsPerSecond: 10, burst: 3 };

function drain(limiter: RateLimiter, principal: string): number {
  let taken = 0;
  while (limiter.tryTake(principal) === 0) taken++;
  return taken;
}

describe("one bucket", () => {
  it("gives the burst, then says how long a token takes", () => {
    const limiter = new RateLimiter(LIMITS, new FakeClock());
    expect(drain(limiter, "a")).toBe(3);
    expect(limiter.tryTake("a")).toBe(100);
  });

  it("refuses one millisecond early and admits on time", () => {
    const clock = new FakeClock();
    const limiter = new RateLimiter(LIMITS, clock);
    drain(limiter, "a");
    clock.advance(99);
    expect(limiter.tryTake("a")).toBe(1);
    clock.advance(1);
    expect(limiter.tryTake("a")).toBe(0);
    expect(limiter.tryTake("a")).toBe(100);
  });

  it("does not charge refused calls", () => {
    const clock = new FakeClock();
    const limiter = new RateLimiter(LIMITS, clock);
    drain(limiter, "a");
    for (let i = 0; i < 1_000; i++) limiter.tryTake("a");
    clock.advance(100);
    expect(drain(limiter, "a")).toBe(1);
  });

  it("never holds more than the burst, however long it rests", () => {
    const clock = new FakeClock();
    const limiter = new RateLimiter(LIMITS, clock);
    limiter.tryTake("a");
    clock.advance(86_400_000);
    expect(drain(limiter, "a")).toBe(3);
  });

  it("admits a call a hundred seconds when that is the rate", () => {
    const clock = new FakeClock();
    const limiter = new RateLimiter({ requestsPerSecond: 0.01, burst: 1 }, clock);
    expect(limiter.tryTake("a")).toBe(0);
    expect(limiter.tryTake("a")).toBe(100_000);
    clock.advance(100_000);
    expect(limiter.tryTake("a")).toBe(0);
  });

  it("admits whoever waits exactly as long as told, whatever the rate", () => {
    for (let seed = 1; seed <= 200; seed++) {
      const random = seededRandom(seed);
      const clock = new FakeClock();
      const limits = { requestsPerSecond: 0.01 + random.next() * 500, burst: random.integer(1, 20) };
      const limiter = new RateLimiter(limits, clock);
      clock.advance(random.next() * 1e9);
      for (let round = 0; round < 20; round++) {
        const waitMs = limiter.tryTake("a");
        clock.advance(waitMs);
        if (waitMs > 0) expect(limiter.tryTake("a"), `seed ${seed}`).toBe(0);
      }
    }
  });
});

describe("many principals", () => {
  it("have a bucket each", () => {
    const limiter = new RateLimiter(LIMITS, new FakeClock());
    expect(drain(limiter, "a")).toBe(3);
    expect(drain(limiter, "b")).toBe(3);
    expect(drain(limiter, "")).toBe(3);
  });

  it("get a full bucket in a full table as long as somebody else's is full again", () => {
    const clock = new FakeClock();
    const limiter = new RateLimiter({ ...LIMITS, maxPrincipals: 2 }, clock);
    limiter.tryTake("rested");
    clock.advance(100);
    expect(drain(limiter, "busy")).toBe(3);
    expect(drain(limiter, "new")).toBe(3);
    expect(limiter.tryTake("busy")).toBe(100);
  });

  it("do not lose their debt by being evicted", () => {
    const limiter = new RateLimiter({ ...LIMITS, maxPrincipals: 2 }, new FakeClock());
    expect(drain(limiter, "a")).toBe(3);
    expect(drain(limiter, "b")).toBe(3);
    for (let i = 0; i < 50; i++) expect(limiter.tryTake(`spray-${i}`)).toBe(100);
    expect(limiter.tryTake("a")).toBe(100);
  });

  it("inherit the fullest bucket, not the oldest", () => {
    const limiter = new RateLimiter({ ...LIMITS, maxPrincipals: 2 }, new FakeClock());
    drain(limiter, "drained");
    limiter.tryTake("light");
    expect(drain(limiter, "new")).toBe(2);
    expect(limiter.tryTake("drained")).toBe(100);
  });

  it("never get more than from a bucket of their own, in any order of calls", () => {
    for (let seed = 1; seed <= 60; seed++) {
      const random = seededRandom(seed);
      const clock = new FakeClock();
      const limits = { requestsPerSecond: random.integer(1, 100), burst: random.integer(1, 5) };
      const bounded = new RateLimiter({ ...limits, maxPrincipals: random.integer(1, 8) }, clock);
      const roomy = new Map<string, RateLimiter>();
      for (let step = 0; step < 400; step++) {
        if (random.chance(0.2)) clock.advance(random.integer(0, 60));
        const principal = `p${random.integer(0, 15)}`;
        const own = roomy.get(principal) ?? new RateLimiter(limits, clock);
        roomy.set(principal, own);
        // Taking from the own bucket only when the bounded one admitted keeps both histories the same.
        if (bounded.tryTake(principal) === 0) expect(own.tryTake(principal), `seed ${seed} step ${step}`).toBe(0);
      }
    }
  });

  it("behave as with a bucket of their own while the table has room", () => {
    const random = seededRandom(3);
    const clock = new FakeClock();
    const shared = new RateLimiter({ ...LIMITS, maxPrincipals: 20 }, clock);
    const own = new Map<string, RateLimiter>();
    for (let step = 0; step < 5_000; step++) {
      clock.advance(random.integer(0, 30));
      const principal = `p${random.integer(0, 19)}`;
      const alone = own.get(principal) ?? new RateLimiter(LIMITS, clock);
      own.set(principal, alone);
      expect(shared.tryTake(principal)).toBe(alone.tryTake(principal));
    }
  });
});
