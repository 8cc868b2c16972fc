import { describe, expect, it } from "vitest";
import { FakeClock } from "./fake-clock.ts";
import { seededRandom } from "./seeded-random.ts";

describe("FakeClock", () => {
  it("stands still until it is moved", () => {
    const clock = new FakeClock();
    const [nowMs, wallMs] = [clock.nowMs(), clock.wallMs()];
    let fired = false;
    clock.schedule(0, () => {
      fired = true;
    });
    expect([clock.nowMs() - nowMs, clock.wallMs() - wallMs, fired]).toEqual([0, 0, false]);
    clock.advance(0);
    expect(fired).toBe(true);
  });

  it("runs timers in the order of their time, then of their scheduling", () => {
    const clock = new FakeClock();
    const order: string[] = [];
    clock.schedule(20, () => order.push("late"));
    clock.schedule(10, () => order.push("first"));
    clock.schedule(10, () => order.push("second"));
    clock.advance(20);
    expect(order).toEqual(["first", "second", "late"]);
  });

  it("shows each timer the time it was due, and runs timers that come up on the way", () => {
    const clock = new FakeClock();
    const startMs = clock.nowMs();
    const seen: number[] = [];
    clock.schedule(10, () => {
      seen.push(clock.nowMs() - startMs);
      clock.schedule(5, () => seen.push(clock.nowMs() - startMs));
    });
    clock.advance(100);
    expect(seen).toEqual([10, 15]);
    expect(clock.nowMs() - startMs).toBe(100);
  });

  it("does not run cancelled timers, and cancelling twice harms nobody", () => {
    const clock = new FakeClock();
    const fired: string[] = [];
    const cancel = clock.schedule(10, () => fired.push("cancelled"));
    clock.schedule(10, () => fired.push("kept"));
    cancel();
    cancel();
    expect(clock.pendingTimers).toBe(1);
    clock.advance(10);
    cancel();
    expect([fired, clock.pendingTimers]).toEqual([["kept"], 0]);
  });

  it("lets a timer cancel another that is due at the same time", () => {
    const clock = new FakeClock();
    let fired = false;
    clock.schedule(10, () => cancel());
    const cancel = clock.schedule(10, () => {
      fired = true;
    });
    clock.advance(10);
    expect(fired).toBe(false);
  });

  it("lets promises settle between timers when asked to", async () => {
    const clock = new FakeClock();
    const order: string[] = [];
    const sleep = (ms: number): Promise<void> => new Promise((resolve) => void clock.schedule(ms, resolve));
    const work = (async () => {
      await sleep(10);
      order.push("slept");
      await sleep(10);
      order.push("slept again");
    })();
    clock.schedule(15, () => order.push("timer"));
    await clock.advanceAsync(20);
    await work;
    expect(order).toEqual(["slept", "timer", "slept again"]);
  });

  it("moves the time of day without letting time pass", () => {
    const clock = new FakeClock();
    const [nowMs, wallMs] = [clock.nowMs(), clock.wallMs()];
    clock.jumpWall(-3_600_000);
    expect([clock.nowMs() - nowMs, clock.wallMs() - wallMs]).toEqual([0, -3_600_000]);
  });
});

describe("seededRandom", () => {
  it("repeats itself for one seed and differs between seeds", () => {
    const numbers = (seed: number): number[] => Array.from({ length: 5 }, seededRandom(seed).next);
    expect(numbers(1)).toEqual(numbers(1));
    expect(numbers(1)).not.toEqual(numbers(2));
  });

  it("stays within its bounds and reaches both ends", () => {
    const random = seededRandom(1);
    const seen = new Set(Array.from({ length: 1_000 }, () => random.integer(2, 4)));
    expect(seen).toEqual(new Set([2, 3, 4]));
    const numbers = Array.from({ length: 1_000 }, random.next);
    expect(Math.min(...numbers)).toBeGreaterThanOrEqual(0);
    expect(Math.max(...numbers)).toBeLessThan(1);
  });
});
