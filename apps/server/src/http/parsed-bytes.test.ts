import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { expect, test } from "vitest";
import { parsedBytes } from "./parsed-bytes.ts";

/** How many copies are parsed, so that what else happens in the heap does not count. */
const COPIES = 50;

/** Bytes of the live heap that one of several parsed copies takes. */
function heapBytesOf(json: string): number {
  setFlagsFromString("--expose-gc");
  const collect: unknown = runInNewContext("gc");
  if (typeof collect !== "function") throw new Error("there is no way to collect garbage");
  const live = (): number => {
    collect();
    return process.memoryUsage().heapUsed;
  };
  const before = live();
  const copies = Array.from({ length: COPIES }, (): unknown => JSON.parse(json));
  const bytes = (live() - before) / copies.length;
  return bytes;
}

const list = (item: (index: number) => string): string =>
  `[${Array.from({ length: 10_000 }, (_, at) => item(at)).join()}]`;

test.each([
  ["empty lists", list(() => "[]")],
  ["empty objects", list(() => "{}")],
  ["lists in lists", `${"[".repeat(10_000)}${"]".repeat(10_000)}`],
  ["small objects", list((at) => `{"a":${at}}`)],
  ["objects of many shapes", list((at) => `{"k${at}":1}`)],
  ["one object with many names", `{${Array.from({ length: 10_000 }, (_, at) => `"k${at}":1`).join()}}`],
  ["numbers", list((at) => `${at}.5`)],
  ["short texts", list((at) => `"t${at}"`)],
  ["one long text", JSON.stringify("x".repeat(100_000))],
])("%s take no more than twice what they are counted for", (_what, json) => {
  expect(heapBytesOf(json)).toBeLessThan(2 * parsedBytes(Buffer.from(json)));
});
