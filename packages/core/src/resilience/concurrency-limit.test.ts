import { getEventListeners } from "node:events";
import { describe, expect, it } from "vitest";
import { settlePromises } from "../testing/fake-clock.ts";
import { seededRandom } from "../testing/seeded-random.ts";
import { type AcquireResult, ConcurrencyLimit, type LimitSizes } from "./concurrency-limit.ts";

function track(promise: Promise<AcquireResult>): { result: AcquireResult | "waiting" } {
  const tracked: { result: AcquireResult | "waiting" } = { result: "waiting" };
  void promise.then((result) => {
    tracked.result = result;
  });
  return tracked;
}

/** A limit that keeps nothing back, whoever asks. */
function limitOf(slots: number, waiting: number): ConcurrencyLimit {
  return new ConcurrencyLimit(everything(slots, waiting));
}

function everything(slots: number, waiting: number): LimitSizes {
  return { slots, slotsOfOne: slots, waiting, waitingOfOne: waiting };
}

const ME = "me";

describe("slots", () => {
  it("are given out up to the limit", () => {
    const limit = limitOf(2, 0);
    expect([limit.tryAcquire(ME), limit.tryAcquire(ME), limit.tryAcquire(ME)]).toEqual([true, true, false]);
    expect(limit.inUse).toBe(2);
    limit.release(ME);
    expect(limit.tryAcquire(ME)).toBe(true);
  });

  it("cannot be released more often than they were acquired", async () => {
    const limit = limitOf(2, 0);
    expect(() => limit.release(ME)).toThrow("released twice");
    await limit.acquire(ME);
    limit.release(ME);
    expect(() => limit.release(ME)).toThrow("released twice");
    expect(limit.inUse).toBe(0);
  });
});

describe("waiting", () => {
  it("is refused at once when too many wait already", async () => {
    const limit = limitOf(1, 1);
    expect(await limit.acquire(ME)).toBe("acquired");
    const second = track(limit.acquire(ME));
    expect(await limit.acquire(ME)).toBe("overloaded");
    expect(limit.waiting).toBe(1);
    limit.release(ME);
    await settlePromises();
    expect(second.result).toBe("acquired");
    expect([limit.inUse, limit.waiting]).toEqual([1, 0]);
  });

  it("does not exist with a queue of 0", async () => {
    const limit = limitOf(1, 0);
    limit.tryAcquire(ME);
    expect(await limit.acquire(ME)).toBe("overloaded");
  });

  it("ends in the order of arrival", async () => {
    const limit = limitOf(1, 10);
    limit.tryAcquire(ME);
    const order: number[] = [];
    for (let i = 0; i < 4; i++) void limit.acquire(ME).then(() => order.push(i));
    for (let i = 0; i < 4; i++) limit.release(ME);
    await settlePromises();
    expect(order).toEqual([0, 1, 2, 3]);
  });

  it("lets nobody overtake who waits", async () => {
    const limit = limitOf(1, 10);
    limit.tryAcquire(ME);
    const waiting = track(limit.acquire(ME));
    limit.release(ME);
    expect(limit.tryAcquire(ME)).toBe(false);
    await settlePromises();
    expect(waiting.result).toBe("acquired");
  });

  it("ends when the caller leaves, and the next in line gets the slot", async () => {
    const limit = limitOf(1, 10);
    limit.tryAcquire(ME);
    const leaving = new AbortController();
    const first = track(limit.acquire(ME, leaving.signal));
    const second = track(limit.acquire(ME));
    leaving.abort();
    await settlePromises();
    expect([first.result, second.result, limit.waiting]).toEqual(["aborted", "waiting", 1]);
    limit.release(ME);
    await settlePromises();
    expect([second.result, limit.inUse]).toEqual(["acquired", 1]);
  });

  it("frees its place in the queue when the caller leaves", async () => {
    const limit = limitOf(1, 1);
    limit.tryAcquire(ME);
    const leaving = new AbortController();
    void limit.acquire(ME, leaving.signal);
    leaving.abort();
    const next = track(limit.acquire(ME));
    await settlePromises();
    expect(next.result).toBe("waiting");
  });

  it("does not start for a caller who has left", async () => {
    const limit = limitOf(1, 1);
    expect(await limit.acquire(ME, AbortSignal.abort())).toBe("aborted");
    expect(limit.inUse).toBe(0);
  });

  it("leaves a slot with its owner when the abort comes after the hand-over", async () => {
    const limit = limitOf(1, 1);
    limit.tryAcquire(ME);
    const late = new AbortController();
    const waiter = track(limit.acquire(ME, late.signal));
    limit.release(ME);
    late.abort();
    await settlePromises();
    expect([waiter.result, limit.inUse]).toEqual(["acquired", 1]);
  });

  it("leaves no listener on the signal, however it ends", async () => {
    const limit = limitOf(1, 100);
    const { signal } = new AbortController();
    limit.tryAcquire(ME);
    for (let i = 0; i < 50; i++) void limit.acquire(ME, signal);
    expect(getEventListeners(signal, "abort")).toHaveLength(50);
    for (let i = 0; i < 50; i++) limit.release(ME);
    await settlePromises();
    expect(getEventListeners(signal, "abort")).toHaveLength(0);
  });
});

describe("resize", () => {
  it("admits those who wait when the limit grows", async () => {
    const limit = limitOf(1, 10);
    limit.tryAcquire(ME);
    const waiters = [track(limit.acquire(ME)), track(limit.acquire(ME)), track(limit.acquire(ME))];
    limit.resize(everything(3, 10));
    await settlePromises();
    expect(waiters.map(({ result }) => result)).toEqual(["acquired", "acquired", "waiting"]);
  });

  it("lets slots in use run out when the limit shrinks", async () => {
    const limit = limitOf(3, 10);
    for (let i = 0; i < 3; i++) limit.tryAcquire(ME);
    const waiter = track(limit.acquire(ME));
    limit.resize(everything(1, 10));
    limit.release(ME);
    limit.release(ME);
    await settlePromises();
    expect([waiter.result, limit.inUse]).toEqual(["waiting", 1]);
    limit.release(ME);
    await settlePromises();
    expect([waiter.result, limit.inUse]).toEqual(["acquired", 1]);
  });

  it("sends nobody away who waits already when fewer may wait", async () => {
    const limit = limitOf(1, 2);
    limit.tryAcquire(ME);
    const waiters = [track(limit.acquire(ME)), track(limit.acquire(ME))];
    limit.resize(everything(1, 0));
    expect(await limit.acquire(ME)).toBe("overloaded");
    expect(waiters.map(({ result }) => result)).toEqual(["waiting", "waiting"]);
    limit.resize(everything(1, 3));
    const third = track(limit.acquire(ME));
    await settlePromises();
    expect(third.result).toBe("waiting");
  });
});

describe("any sequence of calls", () => {
  it("keeps the limits, the order, and loses neither slot nor caller", async () => {
    for (let seed = 1; seed <= 60; seed++) {
      const random = seededRandom(seed);
      let max = random.integer(1, 4);
      const maxWaiting = random.integer(0, 6);
      const limit = limitOf(max, maxWaiting);
      let held = 0;
      let asked = 0;
      const answers = new Map<number, AcquireResult>();
      const admitted: number[] = [];
      const leavers: AbortController[] = [];
      for (let step = 0; step < 80; step++) {
        const action = random.integer(0, 9);
        if (action < 4) {
          const ticket = asked++;
          const leaver = new AbortController();
          leavers.push(leaver);
          void limit.acquire(ME, leaver.signal).then((result) => {
            answers.set(ticket, result);
            if (result === "acquired") admitted.push(ticket);
            if (result === "acquired") held++;
          });
        } else if (action < 6) {
          random.pick([leavers[random.integer(0, leavers.length - 1)], leavers.at(-1)])?.abort();
        } else if (action < 9 && held > 0) {
          held--;
          limit.release(ME);
        } else if (action === 9) {
          max = random.integer(1, 4);
          limit.resize(everything(max, maxWaiting));
        }
        if (random.chance(0.5)) await settlePromises();
        expect(limit.waiting, `seed ${seed}`).toBeLessThanOrEqual(maxWaiting);
        expect(limit.waiting === 0 || limit.inUse >= max, `seed ${seed}: waiting beside a free slot`).toBe(true);
      }
      await settlePromises();
      expect(held, `seed ${seed}`).toBe(limit.inUse);
      while (limit.inUse > 0) {
        limit.release(ME);
        await settlePromises();
      }
      expect(answers.size, `seed ${seed}: somebody never got an answer`).toBe(asked);
      expect(admitted, `seed ${seed}: order`).toEqual(admitted.toSorted((a, b) => a - b));
      expect(limit.waiting).toBe(0);
    }
  });
});
