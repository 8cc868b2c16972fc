import { createHash } from "node:crypto";
import { seededRandom } from "@mcp-hangar/delivery/testing";
import { expect, it } from "vitest";
import { type Digest, isShort, isShortened, NAME_CHARS_MAX, shortName, shortNames } from "./short-names.ts";

const random = seededRandom(13);
const pick = (count: number): number => Math.floor(random() * count);
const sha256: Digest = (text) => createHash("sha256").update(text).digest("hex");
/** The digest of a server that has computed names which agree in the short form: of its first ten digits two are left. */
const forced: Digest = (text) => `${sha256(text).slice(0, 1).replaceAll(/[^01]/g, "0").padEnd(10, "0")}${sha256(text)}`;

/** Names of one server: short and long ones, alike for a good while, some in the form of what others are shortened to. */
function namesOf(front: string): readonly string[] {
  const names: string[] = [];
  const count = 1 + pick(12);
  while (names.length < count) {
    const kind = pick(4);
    const stem = `${front}${"ab"[pick(2)]}${"c".repeat(pick(90))}`;
    if (kind === 0) names.push(stem);
    else if (kind === 1) names.push(`${stem}${"d".repeat(60)}${pick(1_000)}`);
    else if (kind === 2) names.push(shortName(`${stem}${"e".repeat(60)}`, front.length, forced));
    else names.push(shortNames(names, front.length, forced).get(names.at(-1) ?? "") ?? stem);
  }
  return [...new Set(names)];
}

function shuffled<Item>(items: readonly Item[]): readonly Item[] {
  const sorted = items.map((item) => [random(), item] as const).sort(([one], [other]) => one - other);
  return sorted.map(([, item]) => item);
}

it("each name has one of its own that models accept, in whatever order they come and however digests agree", () => {
  let collisions = 0;
  for (let round = 0; round < 3_000; round++) {
    const front = `${"s".repeat(1 + pick(63))}__`;
    const names = namesOf(front);
    const short = shortNames(names, front.length, forced);
    const here = names.map((name) => short.get(name) ?? name);
    expect(new Set(here).size, JSON.stringify(names)).toBe(names.length);
    for (const name of here) expect(name.length).toBeLessThanOrEqual(NAME_CHARS_MAX);
    expect(shortNames(shuffled(names), front.length, forced)).toEqual(short);
    for (const [name, text] of short) {
      expect([isShort(name), isShortened(text)]).toEqual([false, true]);
      const alone = shortName(name, front.length, forced);
      if (text === alone) continue;
      collisions += 1;
      // Only those that share a digest are called otherwise than alone.
      const sharing = [...short.keys()].filter((other) => shortName(other, front.length, forced) === alone);
      expect(sharing.length).toBeGreaterThan(1);
    }
  }
  expect(collisions).toBeGreaterThan(1_000);
});

it("what would cut the name of the server ends in a digest that nobody can aim at another's", () => {
  const longest = "s".repeat(51);
  expect(shortName(`${longest}__${"t".repeat(20)}`, 53)).toMatch(new RegExp(`^${longest}___[0-9a-f]{10}$`));
  expect(shortName(`${longest}s__${"t".repeat(20)}`, 54)).toMatch(/^s{31}_[0-9a-f]{32}$/);
});
