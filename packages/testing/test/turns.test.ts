import { expect, test } from "vitest";
import { Turns } from "../src/turns.ts";

test("no more work runs at a time than there are turns, and it begins in order", async () => {
  const turns = new Turns(2);
  const began: number[] = [];
  const ends: (() => void)[] = [];
  const work = [0, 1, 2, 3].map((index) =>
    turns.run(async () => {
      began.push(index);
      await new Promise<void>((resolve) => ends.push(resolve));
      return index;
    }),
  );
  expect(began).toEqual([0, 1]);
  ends.shift()?.();
  expect(await work[0]).toBe(0);
  expect(began).toEqual([0, 1, 2]);
  for (let end = ends.shift(); end !== undefined; end = ends.shift()) {
    end();
    await new Promise((resolve) => setImmediate(resolve));
  }
  expect(await Promise.all(work)).toEqual([0, 1, 2, 3]);
});

test("work that fails gives its turn back", async () => {
  const turns = new Turns(1);
  await expect(turns.run(() => Promise.reject(new Error("it failed")))).rejects.toThrow("it failed");
  expect(await turns.run(async () => "the next")).toBe("the next");
});
