import { describe, expect, test } from "vitest";
import { SCENARIO_KINDS } from "../src/model.ts";
import { ALERT_PREFIX } from "../src/names.ts";
import { toSeconds } from "../src/promql/duration.ts";
import { resolveOptions } from "../src/settings/options.ts";
import { buildStack } from "../src/stack.ts";
import { complaints } from "./complaints.ts";
import { defaultStack } from "./defaults.ts";
import { changedAlerts, otherAlerts, otherSettings, otherStack } from "./other-settings.ts";
import { perform, ruleText } from "./promtool.ts";

const stack = defaultStack;

/** How often the rules of an alert are evaluated while its scenarios are played. */
function stepsOf(id: string): number {
  return stack.scenarios
    .filter(({ alert }) => alert === id)
    .map(({ every, interval, expect }) => {
      const last = Math.max(...expect.map(({ at }) => toSeconds(at)));
      return last / toSeconds(every ?? interval);
    })
    .reduce((sum, steps) => sum + steps, 0);
}

const burningFirst = (one: string, other: string): number =>
  Number(other.includes("BudgetBurn")) - Number(one.includes("BudgetBurn"));

test("every alert has scenarios of every kind or a reason why not, and all are counted", () => {
  for (const { id } of stack.alerts) {
    const kinds = new Set([
      ...stack.scenarios.filter(({ alert }) => alert === id).map(({ kind }) => kind),
      ...stack.scenarioWaivers.filter(({ alert }) => alert === id).map(({ kind }) => kind),
    ]);
    expect([id, SCENARIO_KINDS.filter((kind) => !kinds.has(kind))]).toEqual([id, []]);
  }
});

describe("the alerts that other settings change", () => {
  const changed = changedAlerts(stack, otherStack, otherAlerts);

  test("are those whose settings are others, and burn rates, which count by the pace of evaluation", () => {
    const settled = Object.keys(otherSettings.alerts).map((name) => `${ALERT_PREFIX}${name}`);
    const burning = ["BatchSuccess", "Errors", "Latency"].map((slo) => `${ALERT_PREFIX}${slo}BudgetBurn:1h`);
    const variants = [`${ALERT_PREFIX}HighErrorRate:server`];
    expect(changed.toSorted()).toEqual([...settled, ...variants, ...burning].toSorted());
  });

  test("are all when a rule forgets for which job it is", () => {
    const { jobName } = stack.options;
    const forgetful = { ...buildStack(resolveOptions({ ...otherSettings, jobName })), options: otherStack.options };
    // Of what is selected, or of the alert where that is about those who watch.
    const marks = [`job="${jobName}"`, ` job: ${jobName}`];
    const ofJob = otherAlerts.filter((id) => marks.some((mark) => ruleText(stack, id).includes(mark)));
    expect(ofJob.length).toBeGreaterThan(changed.length);
    expect(changedAlerts(stack, forgetful, otherAlerts)).toEqual(otherAlerts.filter((id) => ofJob.includes(id)));
  });

  test("are none when nothing is changed", () => {
    expect(changedAlerts(stack, stack, otherAlerts)).toEqual([]);
  });
});

describe("promtool", { tags: ["promtool"] }, () => {
  test("sees the alert of each topic that is played fastest do what its scenarios say", {
    timeout: 240_000,
  }, async () => {
    const alerts = stack.topics
      .map((topic) => topic.alerts.map(({ id }) => id).toSorted((one, other) => stepsOf(one) - stepsOf(other)))
      .flatMap(([fastest]) => (fastest === undefined ? [] : [fastest]));
    expect(alerts.length).toBeGreaterThan(5);
    expect(await complaints(stack, alerts)).toEqual([]);
  });

  test("sees those follow whose thresholds and windows are others, at another pace and for another job", {
    timeout: 240_000,
  }, async () => {
    // Of the burn rates, which take longest, one stands for all; the rest is in the long suite, as are the alerts that nothing changes.
    const [burning = "", ...others] = changedAlerts(stack, otherStack, otherAlerts).toSorted(burningFirst);
    expect(burning).toContain("BudgetBurn");
    expect(await complaints(otherStack, [burning, ...others.filter((id) => !id.includes("BudgetBurn"))])).toEqual([]);
  });

  test("is not content with an alert that does something else", async () => {
    const id = "MCPHangarHighErrorRate";
    const scenarios = stack.scenarios.filter(({ alert }) => alert === id);
    const alerts = stack.alerts.map((alert) => (alert.id === id ? { ...alert, for: "10m" as const } : alert));
    const [verdict] = await perform([{ stack: { ...stack, alerts }, scenarios }]);
    expect(verdict).toContain("got: nil");
  });
});
