import type { AlertRule, Scenario } from "../../src/model.ts";
import { promtoolTests } from "../../src/render/promtool.ts";
import type { Stack } from "../../src/stack.ts";
import { playRules } from "../play.ts";
import { rulesForTexts } from "../promtool.ts";

/** The annotations and labels of an alert as they are sent. */
export interface Expanded {
  /** The alert's id. */
  readonly id: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}

/**
 * What Prometheus makes of the texts of each of these alerts when it fires in the first story that tells of it: promtool is told to expect
 * no alert, and says which it has got. An alert that no story lets fire is missing.
 */
export async function expandTexts(stack: Stack, alerts: readonly AlertRule[]): Promise<readonly Expanded[]> {
  const told = alerts.flatMap((alert) => {
    const story = stack.scenarios.find(({ alert: id, kind }) => id === alert.id && kind === "fires");
    return story === undefined ? [] : [{ alert, story }];
  });
  const { verdicts } = await playRules(
    told.map(({ alert, story }) => [{ rules: rulesForTexts(stack, alert), test: testOf(alert, story, stack) }]),
  );
  return told.flatMap(({ alert: { id, labels } }, index) => {
    const got = alertsIn(verdicts[index] ?? "").filter((each) =>
      Object.entries(labels).every(([name, value]) => each.labels[name] === value),
    );
    return got.map((each) => ({ id, ...each }));
  });
}

function testOf({ name }: AlertRule, story: Scenario, stack: Stack): object {
  const { tests, ...rest } = promtoolTests([story], stack) as { readonly tests: readonly Record<string, unknown>[] };
  const fires = story.expect.find(({ firing }) => firing.length > 0);
  if (fires === undefined) throw new Error(`Nothing fires in "${story.title}" of ${story.alert}.`);
  const asked = { eval_time: fires.at, alertname: name, exp_alerts: [] };
  return {
    ...rest,
    tests: tests.map((test) => ({ ...test, promql_expr_test: [], alert_rule_test: [asked] })),
  };
}

/** Of `got:[ 0: Labels:{a="b", …} Annotations:{…} … ]`, whose values are quoted as JSON quotes them. */
function alertsIn(verdict: string): readonly Omit<Expanded, "id">[] {
  const got = verdict.slice(verdict.indexOf("got:"));
  return [...got.matchAll(/^\s*Labels:\{(.*)\}\s*\n\s*Annotations:\{(.*)\}/gm)].map(([, labels, annotations]) => ({
    labels: pairsIn(labels ?? ""),
    annotations: pairsIn(annotations ?? ""),
  }));
}

function pairsIn(text: string): Readonly<Record<string, string>> {
  const pairs = [...text.matchAll(/(\w+)=("(?:[^"\\]|\\.)*")/g)];
  return Object.fromEntries(pairs.map(([, name, value]) => [name, JSON.parse(value ?? '""')]));
}
