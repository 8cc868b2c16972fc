import { expect, test } from "vitest";
import { seededRandom } from "../testing/index.ts";
import { Tail } from "./tail.ts";

const bytes = (length: number): Buffer => Buffer.alloc(length);

test("what was appended is there as the same bytes, until it is let go", () => {
  const tail = new Tail(1_000);
  const [one, two, three] = [bytes(1), bytes(2), bytes(3)];
  tail.add(7, [one, two]);
  tail.add(9, [three]);
  expect([6, 7, 8, 9, 10].map((sequence) => tail.at(sequence)?.payload)).toEqual([
    undefined,
    one,
    two,
    three,
    undefined,
  ]);
  expect(tail.at(8)?.payload).toBe(two);
  tail.forget(9);
  expect([7, 8, 9].map((sequence) => tail.at(sequence)?.sequence)).toEqual([undefined, undefined, 9]);
  expect(tail.bytes).toBe(3);
});

test("the oldest goes where there is too much, and all of it when numbers are left out", () => {
  const tail = new Tail(10);
  tail.add(1, [bytes(4), bytes(4), bytes(4)]);
  expect([1, 2, 3].map((sequence) => tail.at(sequence) !== undefined)).toEqual([false, true, true]);
  tail.add(4, [bytes(11)]);
  expect(tail.at(4)).toBeUndefined();
  expect(tail.bytes).toBe(0);
  tail.add(5, [bytes(2)]);
  tail.add(9, [bytes(3)]);
  expect([5, 9].map((sequence) => tail.at(sequence) !== undefined)).toEqual([false, true]);
  expect(tail.bytes).toBe(3);
});

test("without room for any it holds nothing", () => {
  const tail = new Tail(0);
  tail.add(1, [bytes(0)]);
  expect(tail.at(1)).toBeUndefined();
});

test("whatever comes and goes, it holds the latest and no more bytes than it may", () => {
  for (let seed = 1; seed <= 50; seed++) {
    const random = seededRandom(seed);
    const integer = (max: number): number => Math.floor(random() * (max + 1));
    const bytesMax = 100;
    const tail = new Tail(bytesMax);
    const lengths = new Map<number, number>();
    let next = 1;
    let forgotten = 0;
    for (let step = 0; step < 200; step++) {
      if (random() < 0.3) {
        forgotten = Math.max(forgotten, next - integer(20));
        tail.forget(forgotten);
      } else {
        const payloads = Array.from({ length: integer(4) }, () => bytes(integer(30)));
        tail.add(next, payloads);
        for (const { length } of payloads) lengths.set(next++, length);
      }
      let held = 0;
      let sequence = next - 1;
      for (; tail.at(sequence) !== undefined; sequence--) held += tail.at(sequence)?.payload.length ?? Number.NaN;
      expect(tail.bytes).toBe(held);
      expect(held).toBeLessThanOrEqual(bytesMax);
      // What is missing had to go.
      const isWanted = sequence >= Math.max(1, forgotten);
      if (isWanted) expect(held + (lengths.get(sequence) ?? 0)).toBeGreaterThan(bytesMax);
      for (let below = sequence; below > sequence - 5; below--) expect(tail.at(below)).toBeUndefined();
    }
  }
});
