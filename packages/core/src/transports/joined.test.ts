import { expect, test } from "vitest";
import { joined } from "./joined.ts";

/** A buffer of its own memory, as a socket hands over. */
function alone(text: string): Buffer {
  const buffer = Buffer.allocUnsafeSlow(Buffer.byteLength(text));
  buffer.write(text);
  return buffer;
}

test("pieces become one, and their memory is given back, but for the last and for what others share", () => {
  const [first, whole, last] = [alone("ab"), alone("cdé"), alone("fg")];
  const shared = first.subarray(1);
  expect(joined([shared, whole, first.subarray(0, 1), last]).toString()).toBe("bcdéafg");
  expect(whole.length).toBe(0);
  expect([first, shared, last].map(String)).toEqual(["ab", "b", "fg"]);
});

test("a piece that is alone is the whole, and none is an empty one", () => {
  const piece = alone("ab");
  expect(joined([piece])).toBe(piece);
  expect(joined([])).toHaveLength(0);
});

test("what is small shares its memory with strangers, and stays", () => {
  const pieces = ["a", "b", "c"].map((text) => Buffer.from(text));
  const neighbour = Buffer.from("neighbour");
  expect(joined(pieces).toString()).toBe("abc");
  expect([...pieces, neighbour].map(String)).toEqual(["a", "b", "c", "neighbour"]);
});
