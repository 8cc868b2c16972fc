import { FakeClock } from "@mcp-hangar/delivery/testing";
import { beforeEach, describe, expect, it } from "vitest";
import type { Clock } from "./clock.ts";
import { DeferredWork } from "./deferred-work.ts";

/** What one item takes, in ms of the clock. */
const ITEM_MS = 1;
const LIMITS = { recordsMax: 100, bytesMax: 1_000 };
const BROKEN = 13;

let clock: FakeClock;
let worked: number[];
let nowMs: number;
let work: DeferredWork<number>;

beforeEach(() => {
  clock = new FakeClock();
  worked = [];
  nowMs = 0;
  work = new DeferredWork<number>({
    clock: workClock(),
    limits: LIMITS,
    work(item) {
      nowMs += ITEM_MS;
      if (item === BROKEN) throw new Error("broken");
      worked.push(item);
    },
  });
});

/** Work takes time by this clock; timers go by the other, which the test moves. */
function workClock(): Clock {
  return {
    nowMs: () => nowMs,
    wallMs: () => nowMs,
    schedule: clock.schedule.bind(clock),
    defer: (callback) => clock.defer(callback),
  };
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe("deferred work", () => {
  it("begins after the turn in which it came, and rests three times as long as it has worked", async () => {
    for (const item of [1, 2, 3, 4, 5]) work.add(item, { bytes: 10 });
    expect(worked).toEqual([]);
    await turn();
    expect([worked, work.records, work.bytes]).toEqual([[1, 2], 3, 30]);
    await clock.advance(5);
    expect(worked).toHaveLength(2);
    await clock.advance(1);
    expect(worked).toEqual([1, 2, 3, 4]);
    await clock.advance(6);
    expect([worked, work.records, work.bytes]).toEqual([[1, 2, 3, 4, 5], 0, 0]);
    expect(clock.pendingTimers).toBe(0);
  });

  it("does not rest while somebody waits for its end", async () => {
    for (const item of [1, 2, 3, 4, 5]) work.add(item);
    await turn();
    await work.finish(1_000);
    expect(worked).toEqual([1, 2, 3, 4, 5]);
    expect(clock.pendingTimers).toBe(0);
  });

  it("keeps nobody waiting longer than they want to", async () => {
    // A gateway whose turn does not end.
    const busy = { ...workClock(), defer: () => {} };
    const stuck = new DeferredWork<number>({ clock: busy, limits: LIMITS, work: (item) => worked.push(item) });
    stuck.add(1);
    const finished = stuck.finish(3);
    await clock.advance(3);
    await finished;
    expect([stuck.records, worked, clock.pendingTimers]).toEqual([1, [], 0]);
  });

  it("does not rest while more than half of its room is taken", async () => {
    for (let item = 100; item < 160; item++) work.add(item);
    await turn();
    expect(worked).toHaveLength(2);
    for (let turns = 0; turns < 6; turns++) await turn();
    // Fifty of sixty fill half of the room, and the next slice follows upon a rest.
    expect([worked.length, clock.pendingTimers]).toEqual([10, 1]);
  });

  it.each([
    ["records", { records: 1, bytes: 0 }, 100],
    ["records, of which an item becomes several", { records: 7, bytes: 0 }, 14],
    ["bytes", { records: 1, bytes: 100 }, 10],
  ])("is bounded in %s, and counts what finds no room", async (_what, weight, room) => {
    const taken = Array.from({ length: room + 3 }, (_each, item) => work.add(100 + item, weight));
    expect(taken.filter(Boolean)).toHaveLength(room);
    expect([work.records, work.overflowed]).toEqual([room * weight.records, 3 * weight.records]);
    await work.finish(1_000);
    expect(worked).toHaveLength(room);
    expect(work.add(1, weight)).toBe(true);
    await work.finish(1_000);
    expect([work.records, work.bytes]).toEqual([0, 0]);
  });

  it("takes an item that is larger than its room when it is empty", async () => {
    expect(work.add(1, { bytes: 5_000 })).toBe(true);
    expect(work.add(2)).toBe(false);
    await work.finish(1_000);
    expect([worked, work.bytes]).toEqual([[1], 0]);
  });

  it("counts what is broken, and goes on", async () => {
    for (const item of [1, BROKEN, 3]) work.add(item, { records: 2 });
    await work.finish(1_000);
    expect([worked, work.broken, work.records]).toEqual([[1, 3], 2, 0]);
  });

  it("lets go of what waits when it is told to, and of who waits for it", async () => {
    for (const item of [1, 2, 3, 4, 5]) work.add(item, { records: 2, bytes: 10 });
    await turn();
    const finished = work.finish(1_000);
    expect([work.discard(), work.records, work.bytes]).toEqual([6, 0, 0]);
    await finished;
    await turn();
    expect(worked).toEqual([1, 2]);
  });
});
