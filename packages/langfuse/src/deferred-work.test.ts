import { FakeClock } from "@mcp-hangar/delivery/testing";
import { beforeEach, describe, expect, it } from "vitest";
import { DeferredWork } from "./deferred-work.ts";

/** What one item takes, in ms of the clock. */
const ITEM_MS = 1;

let clock: FakeClock;
let worked: number[];
let nowMs: number;
let work: DeferredWork<number>;

beforeEach(() => {
  clock = new FakeClock();
  worked = [];
  nowMs = 0;
  // Work takes time by this clock; timers go by the other, which the test moves.
  const timed = {
    nowMs: () => nowMs,
    wallMs: () => nowMs,
    schedule: clock.schedule.bind(clock),
    defer: (callback: () => void) => clock.defer(callback),
  };
  work = new DeferredWork<number>(timed, (item) => {
    nowMs += ITEM_MS;
    worked.push(item);
  });
});

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe("deferred work", () => {
  it("begins after the turn in which it came, and rests three times as long as it has worked", async () => {
    for (const item of [1, 2, 3, 4, 5]) work.add(item, 10);
    expect(worked).toEqual([]);
    await turn();
    expect([worked, work.size, work.bytes]).toEqual([[1, 2], 3, 30]);
    await clock.advance(5);
    expect(worked).toHaveLength(2);
    await clock.advance(1);
    expect(worked).toEqual([1, 2, 3, 4]);
    await clock.advance(6);
    expect([worked, work.size, work.bytes]).toEqual([[1, 2, 3, 4, 5], 0, 0]);
    expect(clock.pendingTimers).toBe(0);
  });

  it("does not rest while somebody waits for its end", async () => {
    for (const item of [1, 2, 3, 4, 5]) work.add(item, 10);
    await turn();
    await work.done();
    expect(worked).toEqual([1, 2, 3, 4, 5]);
    expect(clock.pendingTimers).toBe(0);
  });

  it("lets go of what waits when it is told to, and of who waits for it", async () => {
    for (const item of [1, 2, 3, 4, 5]) work.add(item, 10);
    await turn();
    const done = work.done();
    expect([work.discard(), work.size, work.bytes]).toEqual([3, 0, 0]);
    await done;
    await turn();
    expect(worked).toEqual([1, 2]);
  });
});
