import type { SendOutcome } from "@mcp-hangar/delivery";
import { expect, test } from "vitest";
import { sinkEntriesOf } from "../../test/sinks/entries.ts";
import { OneAtATime } from "./one-at-a-time.ts";

const DELIVERED: SendOutcome = { kind: "delivered" };

/** Work that ends when it is told to. */
function heldWork() {
  const { promise, resolve, reject } = Promise.withResolvers<SendOutcome>();
  let begun = 0;
  const work = (): Promise<SendOutcome> => {
    begun += 1;
    return promise;
  };
  return { work, resolve, reject, begun: () => begun };
}

test("an attempt after one that was given up joins its work, and the batch is carried once", async () => {
  const one = new OneAtATime();
  const batch = sinkEntriesOf(1);
  const held = heldWork();
  const controller = new AbortController();
  const first = one.run(batch, controller.signal, held.work);
  controller.abort();
  expect(await first).toMatchObject({ kind: "retry", reason: "timeout" });
  const second = one.run(batch, new AbortController().signal, held.work);
  held.resolve(DELIVERED);
  expect(await second).toEqual(DELIVERED);
  expect(held.begun()).toBe(1);
});

test("an attempt that comes when the work is done learns of it", async () => {
  const one = new OneAtATime();
  const batch = sinkEntriesOf(1);
  const held = heldWork();
  const controller = new AbortController();
  const first = one.run(batch, controller.signal, held.work);
  controller.abort();
  await first;
  held.resolve(DELIVERED);
  await one.idle();
  expect(await one.run(batch, new AbortController().signal, held.work)).toEqual(DELIVERED);
  expect(held.begun()).toBe(1);
});

test("work that failed is done again, and a rejection is a failure", async () => {
  const one = new OneAtATime();
  const batch = sinkEntriesOf(1);
  const { signal } = new AbortController();
  const broken = (): Promise<SendOutcome> => Promise.reject(new Error("broken"));
  expect(await one.run(batch, signal, broken)).toEqual({
    kind: "retry",
    reason: "io",
    message: "the sink failed: broken",
  });
  expect(await one.run(batch, signal, () => Promise.resolve(DELIVERED))).toEqual(DELIVERED);
});

test("another batch waits for the end of the one before, whatever became of its attempt", async () => {
  const one = new OneAtATime();
  const held = heldWork();
  const controller = new AbortController();
  const first = one.run(sinkEntriesOf(1), controller.signal, held.work);
  controller.abort();
  await first;
  const order: string[] = [];
  const second = one.run(sinkEntriesOf(1), new AbortController().signal, () => {
    order.push("second");
    return Promise.resolve(DELIVERED);
  });
  await new Promise((resolve) => setImmediate(resolve));
  expect(order).toEqual([]);
  held.resolve({ kind: "retry", reason: "io" });
  expect(await second).toEqual(DELIVERED);
  expect(order).toEqual(["second"]);
});
