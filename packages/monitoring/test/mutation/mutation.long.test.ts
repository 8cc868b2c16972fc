import { describe, expect, test } from "vitest";
import { resolveOptions } from "../../src/settings/options.ts";
import { buildStack } from "../../src/stack.ts";
import { mutantsOf } from "./mutants.ts";
import { sample } from "./sample.ts";
import { describeMutant, scoreOf } from "./score.ts";

const mutants = mutantsOf(buildStack(resolveOptions()));

/** A few of all; `pnpm --filter @mcp-hangar/monitoring mutate` plays the others too. */
const SAMPLE = 40;

describe("a sample of damaged rules", { tags: ["promtool"] }, () => {
  test("is noticed by some scenario each", { timeout: 240_000 }, async () => {
    const { survived, killed, equivalent } = await scoreOf(sample(mutants, SAMPLE, mutants.length));
    expect(survived.map(describeMutant)).toEqual([]);
    expect(killed.length + equivalent.length).toBe(SAMPLE);
    expect(killed.length).toBeGreaterThan(SAMPLE / 2);
  });
});
