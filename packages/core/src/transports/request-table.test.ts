import { expect, it } from "vitest";
import { seededRandom } from "../testing/index.ts";
import { RequestTable } from "./request-table.ts";

it("behaves like a Map of ids that count on, however long single requests take", () => {
  const random = seededRandom(17);
  const table = new RequestTable<{ readonly id: number }>();
  const model = new Map<number, { readonly id: number }>();
  let last = 0;
  for (let step = 0; step < 40_000; step++) {
    // Waves of few and of many, in which the first ones stay for long.
    const wanted = step % 4_000 < 2_000 ? 5 : 300;
    if (model.size < wanted && random.next() < 0.7) {
      const id = table.nextId();
      expect(id).toBeGreaterThan(last);
      last = id;
      // Not all that is given an id is sent.
      if (random.next() < 0.1) continue;
      table.add(id, { id });
      model.set(id, { id });
    } else {
      const ids = [...model.keys()];
      const id = ids[ids.length - 1 - Math.floor(random.next() ** 2 * ids.length)] ?? last;
      expect(table.take(id)).toEqual(model.get(id));
      model.delete(id);
      expect(table.take(id)).toBeUndefined();
    }
    expect(table.size).toBe(model.size);
    const any = Math.floor(random.next() * (last + 2));
    expect(table.get(any)).toEqual(model.get(any));
  }
  expect(new Set(table.values())).toEqual(new Set(model.values()));
  table.clear();
  expect([table.size, table.values()]).toEqual([0, []]);
});

it("knows no request under a number that is no id", () => {
  const table = new RequestTable<{ readonly id: number }>();
  const id = table.nextId();
  table.add(id, { id });
  for (const other of [0, -0, -id, id + 0.5, id + 32, id + 2 ** 32, Number.NaN, Infinity, -Infinity, 2 ** 53]) {
    expect(table.get(other)).toBeUndefined();
    expect(table.take(other)).toBeUndefined();
  }
  expect(table.get(id)).toEqual({ id });
});

it("keeps ids beyond 32 bits apart", () => {
  const table = new RequestTable<{ readonly id: number }>();
  for (const id of [2 ** 32 + 1, 2 ** 40 + 2, 2 ** 53 - 1]) {
    table.add(id, { id });
    expect(table.get(id)).toEqual({ id });
  }
  expect(table.get(1)).toBeUndefined();
});
