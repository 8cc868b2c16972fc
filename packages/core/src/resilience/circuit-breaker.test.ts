import { describe, expect, it } from "vitest";
import { FakeClock } from "../testing/fake-clock.ts";
import { seededRandom } from "../testing/seeded-random.ts";
import { type BreakerPermit, CircuitBreaker, type PermitResult } from "./circuit-breaker.ts";

const LIMITS = { failureThreshold: 3, openMs: 30_000 };

interface Setup {
  readonly clock: FakeClock;
  readonly breaker: CircuitBreaker;
  readonly changes: string[];
}

function setup(limits = LIMITS): Setup {
  const clock = new FakeClock();
  const changes: string[] = [];
  const breaker = new CircuitBreaker(limits, clock, (from, to) => changes.push(`${from} → ${to}`));
  return { clock, breaker, changes };
}

function acquire(breaker: CircuitBreaker): BreakerPermit {
  const permit = breaker.tryAcquire();
  if (permit === undefined) throw new Error(`The breaker refused while ${breaker.state()}`);
  return permit;
}

function settle(breaker: CircuitBreaker, ...results: readonly PermitResult[]): void {
  for (const result of results) acquire(breaker).settle(result);
}

function trip({ breaker }: Setup): void {
  settle(breaker, "failure", "failure", "failure");
}

describe("a closed breaker", () => {
  it("stays closed one failure short of the threshold, and opens at it", () => {
    const { breaker, changes } = setup();
    settle(breaker, "failure", "failure");
    expect(breaker.state()).toBe("closed");
    expect(breaker.retryAfterMs()).toBe(0);
    settle(breaker, "failure");
    expect(breaker.state()).toBe("open");
    expect(changes).toEqual(["closed → open"]);
  });

  it("opens at the first failure when the threshold is 1", () => {
    const { breaker } = setup({ failureThreshold: 1, openMs: 1 });
    settle(breaker, "failure");
    expect(breaker.state()).toBe("open");
  });

  it("counts only failures in a row", () => {
    const { breaker } = setup();
    settle(breaker, "failure", "failure", "success", "failure", "failure");
    expect(breaker.state()).toBe("closed");
  });

  it("neither counts nor forgets on a neutral result", () => {
    const { breaker } = setup();
    settle(breaker, "failure", "failure", "neutral", "neutral", "neutral");
    expect(breaker.state()).toBe("closed");
    settle(breaker, "failure");
    expect(breaker.state()).toBe("open");
  });

  it("counts a permit once, however often it is settled", () => {
    const { breaker } = setup();
    const permit = acquire(breaker);
    for (let i = 0; i < 5; i++) permit.settle("failure");
    expect(breaker.state()).toBe("closed");
  });

  it("keeps the first result of a permit that is settled twice", () => {
    const { breaker } = setup();
    settle(breaker, "failure", "failure");
    const permit = acquire(breaker);
    permit.settle("neutral");
    permit.settle("failure");
    expect(breaker.state()).toBe("closed");
  });

  it("ignores what calls from before a reset report", () => {
    const { breaker } = setup();
    const old = [acquire(breaker), acquire(breaker), acquire(breaker)];
    breaker.reset();
    for (const permit of old) permit.settle("failure");
    expect(breaker.state()).toBe("closed");
  });
});

describe("an open breaker", () => {
  it("refuses until its time is up, and says how long that is", () => {
    const test = setup();
    trip(test);
    expect(test.breaker.retryAfterMs()).toBe(30_000);
    test.clock.advance(29_999);
    expect(test.breaker.tryAcquire()).toBeUndefined();
    expect(test.breaker.retryAfterMs()).toBe(1);
  });

  it("is half-open the moment its time is up, although nobody calls, and tells it with the probe", () => {
    const test = setup();
    trip(test);
    test.clock.advance(29_999);
    expect(test.breaker.state()).toBe("open");
    test.clock.advance(1);
    expect(test.breaker.state()).toBe("half_open");
    expect(test.breaker.retryAfterMs()).toBe(0);
    expect(test.changes).toEqual(["closed → open"]);
    expect(test.breaker.tryAcquire()).toBeDefined();
    expect(test.breaker.state()).toBe("half_open");
    expect(test.changes).toEqual(["closed → open", "open → half_open"]);
  });

  it.each<PermitResult>(["success", "failure", "neutral"])("ignores a late %s from before it opened", (result) => {
    const test = setup();
    const late = acquire(test.breaker);
    trip(test);
    test.clock.advance(10_000);
    late.settle(result);
    expect(test.breaker.state()).toBe("open");
    expect(test.breaker.retryAfterMs()).toBe(20_000);
  });

  it("closes on reset and starts counting from nothing", () => {
    const test = setup();
    trip(test);
    test.breaker.reset();
    settle(test.breaker, "failure", "failure");
    expect(test.breaker.state()).toBe("closed");
    expect(test.changes).toEqual(["closed → open", "open → closed"]);
  });
});

describe("a half-open breaker", () => {
  function halfOpen(): Setup & { readonly probe: BreakerPermit } {
    const test = setup();
    trip(test);
    test.clock.advance(30_000);
    return { ...test, probe: acquire(test.breaker) };
  }

  it("admits one probe at a time and gives a time to come back", () => {
    const { breaker } = halfOpen();
    expect(breaker.tryAcquire()).toBeUndefined();
    expect(breaker.retryAfterMs()).toBe(1_000);
  });

  it("closes when the probe succeeds, and forgets the old failures", () => {
    const { breaker, probe, changes } = halfOpen();
    probe.settle("success");
    expect(breaker.state()).toBe("closed");
    settle(breaker, "failure", "failure");
    expect(breaker.state()).toBe("closed");
    expect(changes).toEqual(["closed → open", "open → half_open", "half_open → closed"]);
  });

  it("reopens for the whole time when the probe fails", () => {
    const { breaker, probe, clock, changes } = halfOpen();
    clock.advance(500);
    probe.settle("failure");
    expect(breaker.state()).toBe("open");
    expect(breaker.retryAfterMs()).toBe(30_000);
    expect(changes.at(-1)).toBe("half_open → open");
  });

  it("gives the place of a neutral probe to the next call", () => {
    const { breaker, probe } = halfOpen();
    probe.settle("neutral");
    expect(breaker.state()).toBe("half_open");
    expect(breaker.retryAfterMs()).toBe(0);
    const second = acquire(breaker);
    probe.settle("success");
    expect(breaker.state()).toBe("half_open");
    expect(breaker.tryAcquire()).toBeUndefined();
    second.settle("success");
    expect(breaker.state()).toBe("closed");
  });

  it("ignores a late result from before the breaker opened", () => {
    const test = setup();
    const late = acquire(test.breaker);
    trip(test);
    test.clock.advance(30_000);
    const probe = acquire(test.breaker);
    late.settle("success");
    expect(test.breaker.state()).toBe("half_open");
    expect(test.breaker.tryAcquire()).toBeUndefined();
    probe.settle("success");
    expect(test.breaker.state()).toBe("closed");
  });

  it("ignores the result of a probe that a reset overtook", () => {
    const { breaker, probe } = halfOpen();
    breaker.reset();
    probe.settle("failure");
    expect(breaker.state()).toBe("closed");
  });
});

describe("any sequence of calls", () => {
  describe("a breaker whose limits change", () => {
    it("counts the failures it has seen against the new threshold", () => {
      const { breaker } = setup();
      settle(breaker, "failure", "failure");
      breaker.configure({ failureThreshold: 2, openMs: 1_000 });
      expect(breaker.state()).toBe("closed");
      settle(breaker, "failure");
      expect(breaker.state()).toBe("open");
      expect(breaker.retryAfterMs()).toBe(1_000);
    });

    it("stays open for as long as it was opened for", () => {
      const test = setup();
      trip(test);
      test.breaker.configure({ failureThreshold: 1, openMs: 1 });
      test.clock.advance(29_999);
      expect(test.breaker.tryAcquire()).toBeUndefined();
      test.clock.advance(1);
      settle(test.breaker, "failure");
      expect(test.breaker.retryAfterMs()).toBe(1);
    });
  });

  const LEGAL = ["closed → open", "open → half_open", "half_open → closed", "half_open → open"];

  it("makes only legal changes, probes one at a time, and recovers as soon as calls succeed", () => {
    for (let seed = 1; seed <= 300; seed++) {
      const random = seededRandom(seed);
      const test = setup({ failureThreshold: random.integer(1, 4), openMs: random.integer(1, 1_000) });
      const { breaker, clock } = test;
      const out: { readonly permit: BreakerPermit; readonly probe: boolean }[] = [];
      for (let step = 0; step < 120; step++) {
        const action = random.integer(0, 9);
        if (action < 5) {
          const permit = breaker.tryAcquire();
          if (permit !== undefined) out.push({ permit, probe: breaker.state() === "half_open" });
        } else if (action < 9) {
          const [taken] = out.splice(random.integer(0, Math.max(0, out.length - 1)), 1);
          taken?.permit.settle(random.pick(["success", "failure", "failure", "neutral"]));
        } else {
          clock.advance(random.integer(0, 1_500));
        }
        const probes = out.filter(({ probe }) => probe).length;
        expect(probes, `seed ${seed}`).toBeLessThanOrEqual(1);
        expect(breaker.retryAfterMs(), `seed ${seed}`).toBeGreaterThanOrEqual(0);
      }
      for (const change of test.changes) expect(LEGAL, `seed ${seed}`).toContain(change);

      for (const { permit } of out) permit.settle("neutral");
      clock.advance(1_000);
      settle(breaker, "success");
      expect(breaker.state(), `seed ${seed}`).toBe("closed");
    }
  });
});
