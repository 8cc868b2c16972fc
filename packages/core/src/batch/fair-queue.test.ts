import { expect, it } from "vitest";
import { FairQueue } from "./fair-queue.ts";

interface Item {
  readonly server: string;
  readonly index: number;
}

function queueOf(...servers: readonly string[]): FairQueue<Item> {
  const queue = new FairQueue<Item>();
  for (const [index, server] of servers.entries()) queue.push({ server, index });
  return queue;
}

it("hands out the items of one server in the order in which they came", () => {
  const queue = queueOf("a", "a", "a");
  expect([queue.take()?.index, queue.take()?.index, queue.take()?.index, queue.take()]).toEqual([0, 1, 2, undefined]);
});

it("prefers the server with the fewest items running", () => {
  const queue = queueOf("a", "a", "a", "b", "b", "c");
  const taken = Array.from({ length: 6 }, () => queue.take()?.index);
  expect(taken).toEqual([0, 3, 5, 1, 4, 2]);
});

it("keeps a server that hangs to its share while others go on", () => {
  const queue = queueOf("hangs", "hangs", "hangs", ..."a b c a b c a b c a b c".split(" "));
  const slots = Array.from({ length: 4 }, () => queue.take());
  expect(slots.filter((item) => item?.server === "hangs")).toHaveLength(1);
  const finished: (Item | undefined)[] = [];
  for (let round = 0; round < 9; round++) {
    const done = slots.splice(
      slots.findIndex((item) => item?.server !== "hangs"),
      1,
    )[0];
    if (done !== undefined) queue.done(done);
    finished.push(done);
    slots.push(queue.take());
  }
  expect(finished.every((item) => item?.server !== "hangs")).toBe(true);
  expect(slots.filter((item) => item?.server === "hangs")).toHaveLength(1);
});

it("is empty after everything was taken at once", () => {
  const queue = queueOf("a", "b");
  expect(queue.takeAll()).toHaveLength(2);
  expect(queue.take()).toBeUndefined();
});
