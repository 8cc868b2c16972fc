import { describe, expect, test } from "vitest";
import { resolveOptions } from "../src/settings/options.ts";
import { buildStack } from "../src/stack.ts";
import { complaints } from "./complaints.ts";
import { NEWEST, newestStack, scenariosOnNewest } from "./newest.ts";
import { otherAlerts, otherStack } from "./other-settings.ts";
import { perform } from "./promtool.ts";

const stack = buildStack(resolveOptions());

/** Burn rates are recorded from what is recorded, and on the newest are asked for by the incidents. */
const topics = newestStack.topics.filter(({ name, alerts }) => alerts.length > 0 && name !== "slos");

describe("the newest promtool", { tags: ["newest-promtool"] }, () => {
  test("sees an alert of each topic do what its scenarios say, to an evaluation", { timeout: 240_000 }, async () => {
    const alerts = topics.flatMap(({ alerts: [first] }) => (first === undefined ? [] : [first.id]));
    expect(alerts.length).toBeGreaterThan(5);
    const performances = alerts.map((id) => ({ stack: newestStack, scenarios: scenariosOnNewest(id) }));
    expect(performances.filter(({ scenarios }) => scenarios.length === 0)).toEqual([]);
    const verdicts = await perform(performances, NEWEST);
    expect(alerts.flatMap((id, index) => (verdicts[index] === "" ? [] : [[id, verdicts[index]]]))).toEqual([]);
  });
});

describe("promtool", { tags: ["promtool"] }, () => {
  test.each(stack.topics.filter(({ alerts }) => alerts.length > 0))(
    "sees the alerts of $name do what their scenarios say",
    {
      timeout: 240_000,
    },
    async ({ alerts }) => {
      const ids = alerts.map(({ id }) => id);
      expect(await complaints(stack, ids)).toEqual([]);
    },
  );

  test("sees alerts that other settings leave alone follow another pace and job too", {
    timeout: 240_000,
  }, async () => {
    expect(await complaints(otherStack, otherAlerts)).toEqual([]);
  });
});
