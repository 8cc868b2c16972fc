import { expect, test } from "vitest";
import { Unconfirmed } from "./unconfirmed.ts";

const frame = (name: string): Buffer => Buffer.from(name.padEnd(10, "."));
const textOf = (frames: readonly Buffer[]): readonly string[] =>
  frames.map((each) => each.toString().replace(/\.+$/, ""));

test("after a connection has broken everything is written again, in its order and in parts", () => {
  const unconfirmed = new Unconfirmed(1_000);
  unconfirmed.written(["a", "b", "c"].map(frame), 0);
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
  unconfirmed.written(["a", "b", "c"].map(frame), 0);
  unconfirmed.connectionEnded(Number.NEGATIVE_INFINITY);
  unconfirmed.writtenAgain(2, 1);
  unconfirmed.connectionEnded(Number.NEGATIVE_INFINITY);
  expect(textOf(unconfirmed.nextAgain(100))).toEqual(["a", "b", "c"]);
});

test("what more bytes have followed than the systems buffer is kept no longer", () => {
  const unconfirmed = new Unconfirmed(25);
  unconfirmed.written([frame("a")], 0);
  unconfirmed.written(["b", "c"].map(frame), 0);
  expect(unconfirmed.size).toBe(2);
  unconfirmed.connectionEnded(Number.NEGATIVE_INFINITY);
  expect(textOf(unconfirmed.nextAgain(100))).toEqual(["b", "c"]);
});

test("when the receiver has closed in order, what had arrived long before is not written again", () => {
  const unconfirmed = new Unconfirmed(1_000);
  unconfirmed.written([frame("a")], 100);
  unconfirmed.written([frame("b")], 200);
  unconfirmed.connectionEnded(150);
  expect(textOf(unconfirmed.nextAgain(100))).toEqual(["b"]);
  expect(unconfirmed.size).toBe(1);
});

test("what was not yet written again is not taken for read, however old it is", () => {
  const unconfirmed = new Unconfirmed(1_000);
  unconfirmed.written(["a", "b"].map(frame), 100);
  unconfirmed.connectionEnded(Number.NEGATIVE_INFINITY);
  unconfirmed.writtenAgain(1, 500);
  unconfirmed.connectionEnded(600);
  expect(textOf(unconfirmed.nextAgain(100))).toEqual(["b"]);
});

test("one that is larger than a part is a part of its own", () => {
  const unconfirmed = new Unconfirmed(1_000);
  unconfirmed.written(["a", "b"].map(frame), 0);
  unconfirmed.connectionEnded(Number.NEGATIVE_INFINITY);
  expect(textOf(unconfirmed.nextAgain(1))).toEqual(["a"]);
});
