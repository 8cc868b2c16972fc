import { describe, expect, test } from "vitest";
import { wholeBaggage, wholeTracestate } from "./trace-lists.ts";

/** Entries with keys of their own, each so many characters long. */
function entries(count: number, chars: number): readonly string[] {
  return Array.from({ length: count }, (_, index) => `k${index}=`.padEnd(chars, "v"));
}

describe("a tracestate", () => {
  test.each([
    ["vendor=value"],
    ["a=1,b=2"],
    ["0tenant@system=x"],
    ["a*/b_c-d@e=!-+ .~"],
    [`${"k".repeat(256)}=${"v".repeat(255)}`],
  ])("%j is handed on as it is", (text) => {
    expect(wholeTracestate(text)).toBe(text);
  });

  test.each([
    [" a=1 ,\tb=2\t", "a=1,b=2"],
    ["a=1,,b=2,", "a=1,b=2"],
    // A value may begin with a space.
    ["a= 1", "a= 1"],
  ])("%j is handed on as %j", (text, expected) => {
    expect(wholeTracestate(text)).toBe(expected);
  });

  test.each([
    "",
    " , ,",
    "hello",
    "A=1",
    "=1",
    "a=",
    "a=b=c",
    "a b=c",
    "é=1",
    "a=é",
    "a=1\r\nhost: evil",
    "a=1,hello",
    "a=1,a=2",
    "-a=1",
    `${"k".repeat(257)}=v`,
    `a=${"v".repeat(257)}`,
    entries(33, 5).join(","),
    `a=1,${" ".repeat(20_000)}`,
  ])("%j is none", (text) => {
    expect(wholeTracestate(text)).toBeUndefined();
  });

  test("that is too long loses whole entries: long ones first, then the last, and never more than it must", () => {
    const long = `long=`.padEnd(200, "v");
    const short = entries(12, 40);
    expect(wholeTracestate([long, ...short].join(","))).toBe(short.join(","));
    expect(wholeTracestate([...short, long].join(","))).toBe(short.join(","));
    expect(wholeTracestate([long, ...short.slice(0, 7)].join(","))).toBe([long, ...short.slice(0, 7)].join(","));
    expect(wholeTracestate(entries(32, 40).join(","))).toBe(short.join(","));
    expect(wholeTracestate(entries(4, 250).join(","))).toBe(entries(2, 250).join(","));
  });

  test("has whole entries, in their order, whatever its length", () => {
    for (let count = 1; count <= 32; count += 1) {
      for (const chars of [6, 15, 16, 31, 64, 127, 128, 129, 255]) {
        const given = entries(count, chars);
        const kept = wholeTracestate(given.join(","))?.split(",") ?? [];
        expect(kept).toEqual(given.slice(0, kept.length));
        expect(kept).toHaveLength(Math.min(count, Math.floor(513 / (chars + 1))));
      }
    }
  });
});

describe("baggage", () => {
  test.each(["customer=42", "a=1;prop=x,b=2", "a=%20b"])("%j is handed on as it is", (text) => {
    expect(wholeBaggage(text)).toBe(text);
  });

  test.each(["", ",", "a=b\r\nhost: evil", "a=é", "a=1,".repeat(5_000)])("%j is none", (text) => {
    expect(wholeBaggage(text)).toBeUndefined();
  });

  test("that is too long or has too many entries has as many whole ones as there is room for", () => {
    for (const [count, chars, kept] of [
      [64, 100, 64],
      [65, 100, 64],
      [64, 127, 64],
      [64, 128, 63],
      [3, 4_000, 2],
      [2, 8_193, 0],
    ] as const) {
      const given = entries(count, chars);
      expect(wholeBaggage(given.join(","))).toBe(given.slice(0, kept).join(",") || undefined);
    }
  });
});
