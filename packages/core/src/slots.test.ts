import { expect, it } from "vitest";
import { Slots } from "./slots.ts";
import { seededRandom } from "./testing/index.ts";

it("holds exactly what was added and not removed, in any sequence of operations, and uses free slots again", () => {
  const random = seededRandom(11);
  const slots = new Slots<{ readonly step: number }>();
  const model = new Map<number, { readonly step: number }>();
  let most = 0;
  for (let step = 0; step < 20_000; step++) {
    if (model.size === 0 || random.next() < 0.5) {
      const value = { step };
      const slot = slots.add(value);
      expect(model.has(slot)).toBe(false);
      model.set(slot, value);
      most = Math.max(most, model.size);
      expect(slot).toBeLessThan(most);
    } else {
      const taken = [...model.keys()];
      const slot = taken[Math.floor(random.next() * taken.length)] ?? 0;
      expect(slots.get(slot)).toBe(model.get(slot));
      slots.remove(slot);
      model.delete(slot);
    }
  }
  expect(new Set(slots.all())).toEqual(new Set(model.values()));
});

it("lets values be removed while they are walked", () => {
  const slots = new Slots<{ slot: number }>();
  for (let index = 0; index < 3; index++) {
    const value = { slot: -1 };
    value.slot = slots.add(value);
  }
  for (const { slot } of slots.all()) slots.remove(slot);
  expect(slots.all()).toEqual([]);
});
