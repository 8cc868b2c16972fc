import { expect, test } from "vitest";
import { canonicalJson } from "./canonical-json.ts";

test("canonical JSON has its members in order, and U+FFFD in the place of what has no UTF-8", () => {
  expect(canonicalJson({ b: [1e21, -0], a: { é: "\u2028", A: undefined, _: null } })).toBe(
    '{"a":{"_":null,"é":"\u2028"},"b":[1e+21,0]}',
  );
  expect(canonicalJson({ text: "a\ud800b", list: ["\udfff"] })).toBe('{"list":["\ufffd"],"text":"a\ufffdb"}');
  expect(canonicalJson({ text: "\\ud800 🦜" })).toBe('{"text":"\\\\ud800 🦜"}');
});

test("canonical JSON refuses numbers that JSON does not have", () => {
  for (const value of [Number.NaN, Number.POSITIVE_INFINITY]) expect(() => canonicalJson({ list: [value] })).toThrow();
});
