import type { JsonObject } from "@mcp-hangar/core";
import { seededRandom } from "@mcp-hangar/delivery/testing";
import { expect, it } from "vitest";
import type { ListPart } from "./listing.ts";
import { WrittenPages } from "./written-pages.ts";

const itemsOf = (count: number): JsonObject[] =>
  Array.from({ length: count }, (_, n) => ({ name: `tool_${n}`, description: "does what it says ".repeat(5) }));

function written(key: string, parts: readonly ListPart[]): JsonObject {
  return { key, tools: parts.flatMap(({ id, naming, items }) => items.map((item) => ({ id, naming, ...item }))) };
}

it("gives what would be written now, whatever has changed and whoever asks", () => {
  const random = seededRandom(7);
  const pick = (count: number): number => Math.floor(random() * count);
  const pages = new WrittenPages();
  let parts: ListPart[] = ["a", "b", "c"].map((id) => ({ id, naming: `${id}__`, items: itemsOf(200) }));
  let writes = 0;
  for (let round = 0; round < 400; round++) {
    const place = pick(parts.length);
    const changed = parts[place];
    if (changed === undefined) throw new Error("there is always one");
    const changes: (() => ListPart[])[] = [
      () => parts.with(place, { ...changed, items: itemsOf(pick(300)) }),
      () => parts.with(place, { ...changed, naming: `${pick(3)}__` }),
      () => parts.with(place, { ...changed, id: `server-${pick(3)}` }),
      () => parts.with(place, { ...changed, items: changed.items.toSpliced(pick(changed.items.length), 1) }),
      () => (parts.length > 2 ? parts.toSpliced(place, 1) : [...parts, { ...changed, items: itemsOf(200) }]),
      () => parts.toReversed(),
    ];
    if (pick(4) === 0) parts = changes[pick(changes.length)]?.() ?? parts;
    // Who has roles sees some of the items, in a list of their own.
    const seen =
      pick(2) === 0 ? parts : parts.map((part) => ({ ...part, items: part.items.filter((_, n) => n % 2 === 0) }));
    const key = `page ${pick(3)}`;
    const page = pages.of(key, seen, () => {
      writes += 1;
      return written(key, seen);
    });
    // A comparison of objects would take most of the time.
    expect(JSON.stringify(page?.value) === JSON.stringify(written(key, seen))).toBe(true);
  }
  expect(writes).toBeLessThan(400);
});

it("a page that is asked for again is not written again, also when the same items come in another list", () => {
  const pages = new WrittenPages();
  const items = itemsOf(500);
  const ask = (): Buffer | undefined =>
    pages.of("page", [{ id: "a", naming: "a__", items: [...items] }], () => ({ items }))?.bytes;
  expect(ask()).toBeInstanceOf(Buffer);
  expect(ask()).toBe(ask());
});

it("keeps no more bytes than it may, those that were asked for last", () => {
  const pages = new WrittenPages();
  const parts = [{ id: "a", naming: "", items: itemsOf(1) }];
  const write = (): JsonObject => ({ text: "x".repeat(1_000_000) });
  const bytesOf = (key: number): Buffer | undefined => pages.of(`page ${key}`, parts, write)?.bytes;
  const first = Array.from({ length: 20 }, (_, key) => bytesOf(key));
  expect(bytesOf(19)).toBe(first[19]);
  expect(bytesOf(0)).not.toBe(first[0]);
});

it("what is no page is none, and a small one is not kept", () => {
  const pages = new WrittenPages();
  const parts = [{ id: "a", naming: "", items: itemsOf(1) }];
  expect(pages.of("page", parts, () => undefined)).toBeUndefined();
  expect(pages.of("page", parts, () => ({ tools: [] }))?.bytes).toBeUndefined();
});
