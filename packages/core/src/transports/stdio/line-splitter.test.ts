import { cpuTimeMs } from "@mcp-hangar/testing";
import { expect, test } from "vitest";
import { seededRandom } from "../../testing/seeded-random.ts";
import { LineSplitter } from "./line-splitter.ts";

function split(chunks: readonly (string | Uint8Array)[], lineBytesMax = 1_000): string[] {
  const lines: string[] = [];
  const splitter = new LineSplitter(lineBytesMax, (line, truncated) =>
    lines.push(`${line.toString()}${truncated ? " (cut)" : ""}`),
  );
  for (const chunk of chunks) splitter.push(typeof chunk === "string" ? Buffer.from(chunk) : Buffer.from(chunk));
  splitter.end();
  return lines;
}

test.each<[string, string[], string[]]>([
  ["several lines in one chunk", ["a\nb\nc\n"], ["a", "b", "c"]],
  ["one line in several chunks", ["a", "b", "c\nd"], ["abc", "d"]],
  ["a line break of its own", ["ab", "\n", "c\n"], ["ab", "c"]],
  ["CRLF, also in two chunks", ["a\r\nb\r", "\nc"], ["a", "b", "c"]],
  ["a carriage return within a line", ["a\rb\n"], ["a\rb"]],
  ["empty lines", ["\n\na\n"], ["", "", "a"]],
  ["nothing", [], []],
  ["no text after the last line break", ["a\n"], ["a"]],
])("finds %s", (_name, chunks, lines) => {
  expect(split(chunks)).toEqual(lines);
});

test("any way to cut a text gives the same lines", () => {
  const bytes = Buffer.from('{"a":"grüße 🎈"}\r\n\n{"b":1}\n{"c":"…"}');
  const whole = split([bytes]);
  for (let size = 1; size < bytes.length; size++) {
    const chunks = [];
    for (let at = 0; at < bytes.length; at += size) chunks.push(bytes.subarray(at, at + size));
    expect(split(chunks)).toEqual(whole);
  }
});

test("any way to cut long lines gives the same lines, and what of them is too long", () => {
  const random = seededRandom(8);
  for (let round = 0; round < 60; round++) {
    const max = random.pick([10, 5_000, 40_000, 1_000_000]);
    const lines = Array.from({ length: random.integer(1, 4) }, (_, index) =>
      String.fromCharCode(97 + index).repeat(random.pick([0, 1, 9, 4_096, 16_384, random.integer(0, 200_000)])),
    );
    const text = Buffer.from(lines.join("\n"));
    const chunks: Buffer[] = [];
    for (let at = 0; at < text.length; at += chunks.at(-1)?.length ?? 0) {
      chunks.push(text.subarray(at, at + random.pick([1, 100, 4_095, 16_383, 16_384, 65_536])));
    }
    const expected = lines.map((line) => (line.length > max ? `${line.slice(0, max)} (cut)` : line));
    if (expected.at(-1) === "") expected.pop();
    const found = split(chunks, max);
    expect(found.map(({ length }) => length)).toEqual(expected.map(({ length }) => length));
    expect(
      found.every((line, index) => line === expected[index]),
      `round ${round}`,
    ).toBe(true);
  }
});

test("cuts a line that is too long and goes on with the next", () => {
  expect(split(["12345\n123456\n12\n"], 5)).toEqual(["12345", "12345 (cut)", "12"]);
  expect(split(["123", "45", "67", "89\n1", "2\n"], 5)).toEqual(["12345 (cut)", "12"]);
  expect(split(["1234567"], 5)).toEqual(["12345 (cut)"]);
});

test("tells the length and the last bytes of a line that was too long, when it has ended", () => {
  const skipped: string[] = [];
  const splitter = new LineSplitter(
    5,
    () => {},
    ({ bytes, tail }) => skipped.push(`${bytes}: ${tail.toString()}`),
  );
  for (const chunk of ["123456", "7", "89", "\nabc\n", `${"x".repeat(2_000)}yz\n12345`])
    splitter.push(Buffer.from(chunk));
  expect(splitter.skippedBytes).toBe(0);
  splitter.push(Buffer.from("678"));
  expect(splitter.skippedBytes).toBe(8);
  expect(skipped).toEqual(["9: 123456789", `2002: ${"x".repeat(510)}yz`]);
});

test("lines that were handed out are never written to again", () => {
  const lines: Buffer[] = [];
  const splitter = new LineSplitter(1_000, (line) => lines.push(line));
  for (const chunk of ["fir", "st\nsec", "ond\nth", "ird\n"]) splitter.push(Buffer.from(chunk));
  expect(lines.map(String)).toEqual(["first", "second", "third"]);
});

test("a line that comes byte by byte costs time and memory in proportion to its length", () => {
  const bytes = 2_000_000;
  const byte = Buffer.from("x");
  let length = 0;
  const splitter = new LineSplitter(bytes, (line) => {
    length = line.length;
  });
  const spentMs = cpuTimeMs(() => {
    for (let i = 0; i < bytes; i++) splitter.push(byte);
    splitter.push(Buffer.from("\n"));
  });
  expect(length).toBe(bytes);
  // A copy of everything at each byte would take hours.
  expect(spentMs).toBeLessThan(10_000);
});
