import { expect, test } from "vitest";
import { type Chunk, Unconfirmed } from "./unconfirmed.ts";

const NAME_BYTES = 10;
const textOf = (chunks: readonly Chunk[]): readonly string[] =>
  chunks.map(({ bytes }) => bytes.toString().replace(/\.+$/, ""));

/** Writes a chunk of one message for each name. */
function write(unconfirmed: Unconfirmed, names: readonly string[], nowMs: number): void {
  for (const name of names) {
    unconfirmed.written({ bytes: Buffer.from(name.padEnd(NAME_BYTES, ".")), messages: 1 }, nowMs);
  }
}

test("after a connection has broken everything is written again, in its order and in parts", () => {
  const unconfirmed = new Unconfirmed(1_000);
  write(unconfirmed, ["a", "b", "c"], 0);
  expect(unconfirmed.isBehind).toBe(false);
  unconfirmed.connectionEnded(Number.NEGATIVE_INFINITY);
  expect(textOf(unconfirmed.nextAgain(20))).toEqual(["a", "b"]);
  unconfirmed.writtenAgain(2, 1);
  expect(textOf(unconfirmed.nextAgain(20))).toEqual(["c"]);
  unconfirmed.writtenAgain(1, 1);
  expect(unconfirmed.isBehind).toBe(false);
});

test("a connection that breaks while things are written again begins with the first once more", () => {
  const unconfirmed = new Unconfirmed(1_000);
  write(unconfirmed, ["a", "b", "c"], 0);
  unconfirmed.connectionEnded(Number.NEGATIVE_INFINITY);
  unconfirmed.writtenAgain(2, 1);
  unconfirmed.connectionEnded(Number.NEGATIVE_INFINITY);
  expect(textOf(unconfirmed.nextAgain(100))).toEqual(["a", "b", "c"]);
});

test("what more bytes have followed than the systems buffer is kept no longer", () => {
  const unconfirmed = new Unconfirmed(25);
  write(unconfirmed, ["a"], 0);
  write(unconfirmed, ["b", "c"], 0);
  expect(unconfirmed.size).toBe(2);
  unconfirmed.connectionEnded(Number.NEGATIVE_INFINITY);
  expect(textOf(unconfirmed.nextAgain(100))).toEqual(["b", "c"]);
});

test("when the receiver has closed in order, what had arrived long before is not written again", () => {
  const unconfirmed = new Unconfirmed(1_000);
  write(unconfirmed, ["a"], 100);
  write(unconfirmed, ["b"], 200);
  unconfirmed.connectionEnded(150);
  expect(textOf(unconfirmed.nextAgain(100))).toEqual(["b"]);
  expect(unconfirmed.size).toBe(1);
});

test("what was not yet written again is not taken for read, however old it is", () => {
  const unconfirmed = new Unconfirmed(1_000);
  write(unconfirmed, ["a", "b"], 100);
  unconfirmed.connectionEnded(Number.NEGATIVE_INFINITY);
  unconfirmed.writtenAgain(1, 500);
  unconfirmed.connectionEnded(600);
  expect(textOf(unconfirmed.nextAgain(100))).toEqual(["b"]);
});

test("one that is larger than a part is a part of its own", () => {
  const unconfirmed = new Unconfirmed(1_000);
  write(unconfirmed, ["a", "b"], 0);
  unconfirmed.connectionEnded(Number.NEGATIVE_INFINITY);
  expect(textOf(unconfirmed.nextAgain(1))).toEqual(["a"]);
});

test("messages are counted, however many are in a chunk", () => {
  const unconfirmed = new Unconfirmed(1_000);
  unconfirmed.written({ bytes: Buffer.alloc(600), messages: 20 }, 0);
  unconfirmed.written({ bytes: Buffer.alloc(300), messages: 7 }, 0);
  expect(unconfirmed.size).toBe(27);
  unconfirmed.written({ bytes: Buffer.alloc(200), messages: 3 }, 0);
  expect(unconfirmed.size).toBe(10);
});
