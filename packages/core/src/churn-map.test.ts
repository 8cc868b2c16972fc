import { expect, it } from "vitest";
import { ChurnMap } from "./churn-map.ts";
import { seededRandom } from "./testing/index.ts";

it("behaves like a Map in any sequence of operations", () => {
  const random = seededRandom(7);
  const pick = (count: number) => Math.floor(random.next() * count);
  const map = new ChurnMap<number, { readonly value: number }>();
  const model = new Map<number, { readonly value: number }>();
  for (let step = 0; step < 20_000; step++) {
    const key = pick(40);
    const action = pick(100);
    if (action === 0) {
      map.clear();
      model.clear();
    } else if (action < 50) {
      const entry = { value: step };
      if (action < 25) expect(map.add(key, entry)).toBe(!model.has(key));
      else map.set(key, entry);
      if (action >= 25 || !model.has(key)) model.set(key, entry);
    } else {
      expect(map.delete(key)).toBe(model.get(key));
      model.delete(key);
    }
    expect(map.get(key)).toBe(model.get(key));
    expect(map.has(key)).toBe(model.has(key));
    expect(map.size).toBe(model.size);
  }
  expect(new Set(map.values())).toEqual(new Set(model.values()));
});

it("lets entries be removed while its values are walked", () => {
  const map = new ChurnMap<string, { readonly key: string }>();
  for (const key of ["a", "b", "c"]) map.set(key, { key });
  for (const { key } of map.values()) map.delete(key);
  expect(map.size).toBe(0);
});
