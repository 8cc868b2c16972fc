import { describe, expect, it } from "vitest";
import { settlePromises } from "../testing/fake-clock.ts";
import { type SeededRandom, seededRandom } from "../testing/seeded-random.ts";
import { Allowance } from "./allowance.ts";
import { ConcurrencyLimit, type LimitSizes } from "./concurrency-limit.ts";

/** Callers who wait, as text: `aab` is two calls of `a` and one of `b`. Returns the order in which they get a slot. */
async function orderOf(arrivals: string, slots = 1): Promise<string> {
  const limit = new ConcurrencyLimit({ slots, slotsOfOne: slots, waiting: 100, waitingOfOne: 100 });
  for (let slot = 0; slot < slots; slot++) limit.tryAcquire("busy");
  let order = "";
  for (const caller of arrivals) {
    void limit.acquire(caller).then((result) => {
      order += result === "acquired" ? caller : "?";
      limit.release(caller);
    });
  }
  limit.release("busy");
  await settlePromises();
  return order;
}

describe("callers who wait", () => {
  it.each([
    ["aaabcc", "abcaca"],
    ["aaaaaaaaaab", "abaaaaaaaaa"],
    ["abcabcabc", "abcabcabc"],
    ["cccbbbaaa", "cbacbacba"],
  ])("as %s take turns as %s", async (arrivals, order) => {
    expect(await orderOf(arrivals)).toBe(order);
  });

  it("who leave give their turn to the next of theirs, and without one to the next caller", async () => {
    const limit = new ConcurrencyLimit({ slots: 1, slotsOfOne: 1, waiting: 10, waitingOfOne: 10 });
    limit.tryAcquire("busy");
    const order: string[] = [];
    const leaving = new AbortController();
    for (const name of ["a1", "a2", "b1", "c1"]) {
      const caller = name.slice(0, 1);
      const leaves = name === "a1" || name === "b1";
      void limit.acquire(caller, leaves ? leaving.signal : undefined).then((result) => {
        order.push(`${name} ${result}`);
        if (result === "acquired") limit.release(caller);
      });
    }
    leaving.abort();
    limit.release("busy");
    await settlePromises();
    expect(order).toEqual(["a1 aborted", "b1 aborted", "a2 acquired", "c1 acquired"]);
    expect([limit.inUse, limit.waiting]).toEqual([0, 0]);
  });
});

describe("room for others", () => {
  const sizes: LimitSizes = { slots: 10, slotsOfOne: 8, waiting: 10, waitingOfOne: 8 };

  it("stays among slots and among places to wait, however much one caller wants", async () => {
    const limit = new ConcurrencyLimit(sizes);
    const results = Array.from({ length: 100 }, () => limit.acquire("greedy"));
    expect([limit.inUse, limit.waiting]).toEqual([8, 8]);
    expect(await Promise.all(results.slice(16))).toEqual(Array.from({ length: 84 }, () => "overloaded"));
    expect([limit.tryAcquire("one"), limit.tryAcquire("two"), limit.tryAcquire("three")]).toEqual([true, true, false]);
    let waited = "";
    void limit.acquire("three").then((result) => {
      waited = result;
    });
    // The greedy caller waited first, but holds too much for what is free.
    limit.release("two");
    await settlePromises();
    expect([waited, limit.inUse, limit.waiting]).toEqual(["acquired", 10, 8]);
  });

  it("is not kept from a caller beside whom there is nobody", () => {
    const limit = new ConcurrencyLimit(sizes, "local");
    for (let call = 0; call < 100; call++) void limit.acquire("local");
    expect([limit.inUse, limit.waiting]).toEqual([10, 10]);
  });

  it("is given to those who waited for it, when a new size allows it", async () => {
    const limit = new ConcurrencyLimit(sizes);
    for (let call = 0; call < 100; call++) void limit.acquire("greedy");
    limit.resize({ ...sizes, slotsOfOne: 10 });
    expect([limit.inUse, limit.waiting]).toEqual([10, 6]);
    limit.resize({ ...sizes, slots: 20, slotsOfOne: 16 });
    expect([limit.inUse, limit.waiting]).toEqual([16, 0]);
  });

  it("does not remember callers who have left", () => {
    const limit = new ConcurrencyLimit(sizes);
    for (let caller = 0; caller < 10_000; caller++) {
      expect(limit.tryAcquire(`caller ${caller}`)).toBe(true);
      if (caller >= 5) limit.release(`caller ${caller}`);
    }
    expect(limit.inUse).toBe(5);
    expect(limit.callers).toBeLessThan(300);
    for (let caller = 0; caller < 5; caller++) limit.release(`caller ${caller}`);
    expect(limit.inUse).toBe(0);
  });
});

/** A call that waits, with what the others got since. */
interface Waiting {
  readonly caller: string;
  readonly leave: AbortController;
  /** Whether the caller had nothing else, when it came. */
  readonly only: boolean;
  readonly overtakenBy: Map<string, number>;
}

/** Plays callers at random against the limit, and keeps the books beside it. */
class Play {
  readonly limit: ConcurrencyLimit;
  readonly held = new Map<string, number>();
  readonly waiting = new Set<Waiting>();
  sizes: LimitSizes;
  asked = 0;
  answered = 0;

  constructor(sizes: LimitSizes) {
    this.sizes = sizes;
    this.limit = new ConcurrencyLimit(sizes);
  }

  ask(caller: string): void {
    this.asked++;
    const only = this.count(caller) === 0;
    const call: Waiting = { caller, leave: new AbortController(), only, overtakenBy: new Map() };
    this.waiting.add(call);
    void this.limit.acquire(caller, call.leave.signal).then((result) => {
      this.answered++;
      this.waiting.delete(call);
      if (result !== "acquired") return;
      this.held.set(caller, (this.held.get(caller) ?? 0) + 1);
      for (const other of this.waiting) {
        if (other.caller === caller) continue;
        other.overtakenBy.set(caller, (other.overtakenBy.get(caller) ?? 0) + 1);
      }
    });
  }

  release(random: SeededRandom): void {
    const holders = [...this.held].filter(([, held]) => held > 0).map(([caller]) => caller);
    const caller = holders[random.integer(0, holders.length - 1)];
    if (caller === undefined) return;
    this.held.set(caller, (this.held.get(caller) ?? 0) - 1);
    this.limit.release(caller);
  }

  /** What the caller holds and waits for. */
  count(caller: string): number {
    return (this.held.get(caller) ?? 0) + this.waitingOf(caller);
  }

  waitingOf(caller: string): number {
    return [...this.waiting].filter((call) => call.caller === caller).length;
  }

  check(): void {
    const inUse = [...this.held.values()].reduce((sum, held) => sum + held, 0);
    expect(this.limit.inUse).toBe(inUse);
    expect(this.limit.waiting).toBe(this.waiting.size);
    const slots = new Allowance(this.sizes.slots, this.sizes.slotsOfOne);
    for (const { caller, only, overtakenBy } of this.waiting) {
      const held = this.held.get(caller) ?? 0;
      expect(slots.admits(held, inUse), `${caller} waits for a slot that it may have`).toBe(false);
      if (!only || held > 0) continue;
      for (const [other, times] of overtakenBy) expect(times, `${other} overtook ${caller}`).toBeLessThanOrEqual(1);
    }
  }
}

describe("any callers", () => {
  it("lose neither slot nor call, wait for nothing they may have, and behind one call of each other at most", async () => {
    for (let seed = 1; seed <= 80; seed++) {
      const random = seededRandom(seed);
      const sizes = (): LimitSizes => {
        const [slots, waiting] = [random.integer(1, 8), random.integer(0, 30)];
        return { slots, slotsOfOne: random.integer(1, slots), waiting, waitingOfOne: random.integer(1, waiting + 1) };
      };
      const play = new Play(sizes());
      for (let step = 0; step < 150; step++) {
        const action = random.integer(0, 19);
        // The first caller wants far more than the others.
        if (action < 10) play.ask(random.chance(0.5) ? "a" : random.pick(["b", "c", "d", "e"]));
        else if (action < 12) [...play.waiting][random.integer(0, play.waiting.size)]?.leave.abort();
        else if (action < 19) play.release(random);
        else {
          play.sizes = sizes();
          play.limit.resize(play.sizes);
        }
        await settlePromises();
        play.check();
      }
      while (play.limit.inUse > 0) {
        play.release(random);
        await settlePromises();
        play.check();
      }
      expect([play.limit.waiting, play.answered], `seed ${seed}`).toEqual([0, play.asked]);
    }
  });
});
