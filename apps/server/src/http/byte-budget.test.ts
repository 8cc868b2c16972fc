import { seededRandom } from "@mcp-hangar/core/testing";
import { describe, expect, it } from "vitest";
import { ByteBudget } from "./byte-budget.ts";

describe("a budget of bytes", () => {
  it("never lets an owner or all together beyond the limits, whatever they take and give back", () => {
    const random = seededRandom(11);
    for (let run = 0; run < 50; run++) {
      const limits = { total: random.integer(100, 1_000), perOwner: random.integer(20, 300) };
      const budget = new ByteBudget(() => limits);
      const held: { owner: string; bytes: number }[] = [];
      const sumOf = (owner?: string): number =>
        held.reduce((sum, each) => (owner === undefined || each.owner === owner ? sum + each.bytes : sum), 0);
      for (let step = 0; step < 100; step++) {
        const owner = `caller-${random.integer(1, 6)}`;
        const bytes = random.integer(1, 350);
        const alone = sumOf(owner) === 0;
        const fits = sumOf() + bytes <= limits.total && (alone || sumOf(owner) + bytes <= limits.perOwner);
        expect(budget.fits(owner, bytes)).toBe(fits);
        if (fits) {
          budget.take(owner, bytes);
          held.push({ owner, bytes });
        }
        if (held.length > 0 && random.chance(0.4)) {
          const [gone] = held.splice(random.integer(0, held.length - 1), 1);
          if (gone !== undefined) budget.take(gone.owner, -gone.bytes);
        }
        expect(budget.held).toBe(sumOf());
        expect(budget.held).toBeLessThanOrEqual(limits.total);
        expect(budget.owners).toBe(new Set(held.map((each) => each.owner)).size);
      }
    }
  });

  it("follows limits that change", () => {
    let total = 10;
    const budget = new ByteBudget(() => ({ total, perOwner: 10 }));
    expect(budget.fits("a", 11)).toBe(false);
    total = 20;
    expect(budget.fits("a", 11)).toBe(true);
  });
});
