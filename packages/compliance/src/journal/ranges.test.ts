import { seededRandom } from "@mcp-hangar/delivery/testing";
import { expect, test } from "vitest";
import { Ranges } from "./ranges.ts";

test("ranges are the numbers that were added, without those of another set", () => {
  for (let seed = 1; seed <= 300; seed++) {
    const random = seededRandom(seed);
    const [one, other] = [new Set<number>(), new Set<number>()];
    const [ranges, excused] = [new Ranges(), new Ranges()];
    for (const [set, of] of [
      [one, ranges],
      [other, excused],
    ] as const) {
      for (let count = Math.floor(random() * 8); count > 0; count--) {
        const from = 1 + Math.floor(random() * 40);
        const to = from + Math.floor(random() * 8);
        of.add([from, to]);
        for (let number = from; number <= to; number++) set.add(number);
      }
    }
    const expected = [...one].filter((number) => !other.has(number)).sort((a, b) => a - b);
    const left = ranges.without(excused);
    const found = left.flatMap(([from, to]) => Array.from({ length: to - from + 1 }, (_each, index) => from + index));
    expect(found, `seed ${seed}`).toEqual(expected);
    // As few of them as can be.
    for (const [index, [from]] of left.entries()) {
      const [, before] = left[index - 1] ?? [0, -1];
      expect(from > before + 1 || other.has(from - 1) || index === 0, `seed ${seed}`).toBe(true);
    }
  }
});
