import { expect, test } from "vitest";
import { seededRandom } from "../testing/seeded-random.ts";
import { JsonScan } from "./json-scan.ts";
import { parseJson } from "./parse-json.ts";

const PIECES = [
  ...Array.from('{}[],:"\\ \n01e-'),
  ..."true false null -1 1.5 1e5 01 1. 1e 1e400 12345678901234567".split(" "),
  ...String.raw`"a" "id" "result" "isError" "\u0041" "\n" "\x" "\u00" "é😀"`.split(" "),
  ...String.raw`{"a":1} [1,2] {"result":{"isError":true},"id":7} {"\u0069d":8,"id":9}`.split(" "),
];

const random = seededRandom(20_260_728).next;
const below = (limit: number): number => Math.floor(random() * limit);

/** Valid JSON, JSON with one piece too much or too little, and heaps of pieces. */
function document(): string {
  if (below(3) > 0) return Array.from({ length: 1 + below(8) }, () => PIECES[below(PIECES.length)]).join("");
  const text = JSON.stringify(value(0), undefined, below(2)) ?? "";
  if (below(2) === 0) return text;
  const at = below(text.length + 1);
  return text.slice(0, at) + PIECES[below(PIECES.length)] + text.slice(at + below(2));
}

function value(depth: number): unknown {
  switch (below(depth > 3 ? 4 : 6)) {
    case 0:
      return below(1_000);
    case 1:
      return `text "\\é${below(9)}`;
    case 2:
      return null;
    case 3:
      return below(2) === 0;
    case 4:
      return Array.from({ length: below(4) }, () => value(depth + 1));
    default: {
      const names = ["a", "result", "id", "isError", 'x"'];
      return Object.fromEntries(Array.from({ length: below(4) }, () => [names[below(names.length)], value(depth + 1)]));
    }
  }
}

function parsed(text: string): { value: unknown } | undefined {
  try {
    return { value: JSON.parse(text) as unknown };
  } catch {
    return undefined;
  }
}

test("a scan agrees with JSON.parse about what is valid and where members lie, however it is interrupted", () => {
  let valid = 0;
  for (let round = 0; round < 15_000; round++) {
    const text = document();
    const bytes = Buffer.from(text);
    const scan = new JsonScan(bytes);
    let outcome = scan.run(below(4));
    while (outcome === "more") outcome = scan.run(scan.bytesRead + 1 + below(5));
    const whole = parsed(text);
    expect(outcome, text).toBe(whole === undefined ? "invalid" : "valid");
    if (whole === undefined || !isObject(whole.value)) continue;
    valid++;
    const { id, result } = whole.value;
    const textOf = (range: { start: number; end: number } | undefined): string | undefined =>
      range === undefined ? undefined : JSON.stringify(JSON.parse(bytes.toString("utf8", range.start, range.end)));
    expect(textOf(scan.member("id")), text).toBe(JSON.stringify(id));
    expect(textOf(scan.member("result")), text).toBe(JSON.stringify(result));
    if (isObject(result)) expect(textOf(scan.memberOfResult("isError")), text).toBe(JSON.stringify(result.isError));
  }
  expect(valid).toBeGreaterThan(500);
});

test("exact parsing accepts what JSON.parse accepts, and tells the same but for the numbers", () => {
  for (let round = 0; round < 15_000; round++) {
    const text = document();
    const whole = parsed(text);
    if (whole === undefined) expect(() => parseJson(text), text).toThrow(SyntaxError);
    else if (typeof whole.value !== "number")
      expect(JSON.parse(JSON.stringify(parseJson(text))), text).toEqual(whole.value);
  }
});

test.each([
  ["[12345678901234567890]", "[12345678901234567890]"],
  ['{"id":9007199254740993,"text":"9007199254740993"}', '{"id":9007199254740993,"text":"9007199254740993"}'],
  ["[1e400,-1e400,1e22,1.10000000000000000001]", "[1e400,-1e400,1e22,1.10000000000000000001]"],
  [
    String.raw`{"a":[1e5,12345678901234567],"b":"\u0001\u00020"}`,
    String.raw`{"a":[100000,12345678901234567],"b":"\u0001\u00020"}`,
  ],
])("numbers that no double holds are written as they came: %s", (text, written) => {
  expect(JSON.stringify(parseJson(text))).toBe(written);
});

test("a document that is too deep is found out, however long it is", () => {
  expect(new JsonScan(Buffer.from("[".repeat(100_000))).run(Number.POSITIVE_INFINITY)).toBe("too deep");
});

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
