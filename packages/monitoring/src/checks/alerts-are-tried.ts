import { type AlertRule, SCENARIO_KINDS, type Scenario, type ScenarioKind } from "../model.ts";
import type { Stack } from "../stack.ts";
import type { Check, Finding } from "./check.ts";

/** Every alert has scenarios of every kind, or a reason why one is meaningless, and they say what their kind promises. */
export const alertsAreTried: Check = {
  name: "alerts-are-tried",
  run(stack) {
    const ids = new Set(stack.alerts.map(({ id }) => id));
    const strangers = [...stack.scenarios, ...stack.scenarioWaivers].filter(({ alert }) => !ids.has(alert));
    const scenarios = Map.groupBy(stack.scenarios, ({ alert }) => alert);
    const waivers = Map.groupBy(stack.scenarioWaivers, ({ alert }) => alert);
    const told = ({ id }: AlertRule): Told => ({ scenarios: scenarios.get(id) ?? [], waivers: waivers.get(id) ?? [] });
    return [
      ...stack.alerts.flatMap((alert) => SCENARIO_KINDS.flatMap((kind) => findingsAbout(alert, kind, told(alert)))),
      ...strangers.map(({ alert, kind }) => ({
        subject: `scenario "${kind}" of ${alert}`,
        problem: "there is no such alert",
        mend: "remove the scenario, or restore the alert",
      })),
    ];
  },
};

/** What there is about one alert. */
interface Told {
  readonly scenarios: Stack["scenarios"];
  readonly waivers: Stack["scenarioWaivers"];
}

function findingsAbout(alert: AlertRule, kind: ScenarioKind, told: Told): readonly Finding[] {
  const scenarios = told.scenarios.filter((each) => each.kind === kind);
  const waivers = told.waivers.filter((each) => each.kind === kind);
  const finding = (problem: string, mend: string): Finding => ({
    subject: `alert ${alert.id}`,
    expr: alert.expr,
    problem,
    mend,
  });
  if (waivers.some(({ reason }) => reason.trim() === "")) {
    return [finding(`the scenario "${kind}" is left out without a reason`, "give the reason, or tell the scenario")];
  }
  if (scenarios.length === 0 && (waivers.length === 0 || kind === "fires")) {
    return [finding(`no scenario shows "${kind}"`, "tell one in src/scenarios/, or say there why it means nothing")];
  }
  if (scenarios.length > 0 && waivers.length > 0) {
    return [finding(`the scenario "${kind}" is both told and left out`, "remove the reason")];
  }
  // The heartbeat fires in every scenario.
  if (alert.severity === "none") return [];
  return scenarios.flatMap((scenario) => {
    const problem = brokenPromise(scenario);
    return problem === undefined
      ? []
      : [finding(`the scenario "${kind}: ${scenario.title}" ${problem}`, "expect what its kind says")];
  });
}

function brokenPromise({ kind, expect }: Scenario): string | undefined {
  const fires = expect.some(({ firing }) => firing.length > 0);
  const endsSilent = expect.at(-1)?.firing.length === 0;
  switch (kind) {
    case "fires":
      return fires && !endsSilent ? undefined : "does not end with a firing alert";
    case "resolves":
      return fires && endsSilent ? undefined : "does not lead from a firing alert to silence";
    case "just below stays silent":
    case "idle healthy fleet":
      return fires || !endsSilent ? "does not expect silence throughout" : undefined;
    case "no traffic":
    case "missing series":
    case "counter reset":
      return expect.length > 0 ? undefined : "expects nothing";
  }
}
