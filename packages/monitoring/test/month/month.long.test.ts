import { describe, expect, test } from "vitest";
import { alertGroups, recordingGroups } from "../../src/render/rules.ts";
import { resolveOptions } from "../../src/settings/options.ts";
import { buildStack } from "../../src/stack.ts";
import { fleets } from "./fleets.ts";
import type { RuleFile } from "./needed-rules.ts";
import { firedIn } from "./run.ts";
import { trafficOf } from "./traffic.ts";

/** From midnight, when there are few calls, to noon, when there are most. */
const HALF_A_DAY = 720;
const stack = buildStack(resolveOptions());
// Groups as they are written to the files, from which the script reads them.
const rules = JSON.parse(
  JSON.stringify({ alerts: { groups: alertGroups(stack) }, records: { groups: recordingGroups(stack) } }),
) as { readonly alerts: RuleFile; readonly records: RuleFile };

/** The month itself is played by a script; half a day of it tells when a rule has changed for the worse. */
describe("half a day without an incident", { tags: ["prometheus", "promtool"] }, () => {
  test.each(fleets)("pages nobody in a $name fleet", { timeout: 300_000 }, async (fleet) => {
    const fired = await firedIn(rules, trafficOf(fleet, HALF_A_DAY), HALF_A_DAY);
    expect(fired.map(({ name }) => name)).toContain("MCPHangarWatchdog");
    expect(fired.filter(({ severity }) => severity === "critical")).toEqual([]);
  });

  test("is not one in which every fifth call fails", { timeout: 300_000 }, async () => {
    const [, fleet] = fleets;
    if (fleet === undefined) throw new Error("there is no fleet");
    const fired = await firedIn(rules, trafficOf({ ...fleet, failing: 0.2 }, HALF_A_DAY), HALF_A_DAY);
    const pages = fired.filter(({ severity }) => severity === "critical").map(({ name }) => name);
    expect(pages).toEqual(expect.arrayContaining(["MCPHangarHighErrorRate", "MCPHangarErrorsBudgetBurn"]));
  });
});
