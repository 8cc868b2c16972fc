import { FakeClock, settle } from "@mcp-hangar/delivery/testing";
import { expect, test } from "vitest";
import { Stall } from "./stall.ts";

const LIMIT_MS = 1_000;

test("a write has stalled once it has taken the limit, counts once for each limit, and no more when it ends", async () => {
  const clock = new FakeClock();
  const stall = new Stall(clock, LIMIT_MS);
  const { promise, resolve } = Promise.withResolvers<string>();
  const written = stall.watch(() => promise);
  await clock.advance(LIMIT_MS - 1);
  expect([stall.stalledMs, stall.count]).toEqual([undefined, 0]);
  await clock.advance(1);
  expect([stall.stalledMs, stall.count]).toEqual([LIMIT_MS, 1]);
  await clock.advance(2.5 * LIMIT_MS);
  expect([stall.stalledMs, stall.count]).toEqual([3.5 * LIMIT_MS, 3]);
  resolve("done");
  expect(await written).toBe("done");
  await clock.advance(10 * LIMIT_MS);
  expect([stall.stalledMs, stall.count, clock.pendingTimers]).toEqual([undefined, 3, 0]);
});

test("writes that end in time, or fail, are none that stalled, however many there are", async () => {
  const clock = new FakeClock();
  const stall = new Stall(clock, LIMIT_MS);
  for (let write = 0; write < 20; write++) {
    const isGood = write % 2 === 0;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const written = stall.watch(() => promise).catch((error: unknown) => error);
    await clock.advance(LIMIT_MS - 1);
    if (isGood) resolve();
    else reject(new Error("no room"));
    expect(await written).toEqual(isGood ? undefined : new Error("no room"));
    await settle();
  }
  expect([stall.stalledMs, stall.count, clock.pendingTimers]).toEqual([undefined, 0, 0]);
});
