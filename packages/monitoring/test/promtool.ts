import type { AlertRule, RecordingRule, Scenario } from "../src/model.ts";
import { nodesOf } from "../src/promql/node.ts";
import type { Expression } from "../src/promql/vector.ts";
import { promtoolFiles } from "../src/render/promtool.ts";
import { alertGroups, recordingGroups } from "../src/render/rules.ts";
import { yamlFile } from "../src/render/yaml.ts";
import type { Stack } from "../src/stack.ts";
import { queriesOf } from "../src/template.ts";
import { type Play, playRules, type Verdicts } from "./play.ts";

/** Some scenarios and the rules that they are played against. */
export interface Performance {
  readonly stack: Stack;
  readonly scenarios: readonly Scenario[];
}

/** Plays every performance with promtool, or with this one, each with no more rules than its scenarios need. */
export async function perform(performances: readonly Performance[], promtool?: string): Promise<Verdicts> {
  return (await playRules(eachPlayed(performances), undefined, promtool)).verdicts;
}

/** One after the other, for the texts of all together are large. */
function* eachPlayed(performances: readonly Performance[]): Generator<readonly Play[]> {
  for (const { stack, scenarios } of performances) {
    const own = trimmed(stack, new Set(scenarios.map(({ alert }) => alert)));
    const rules = rulesOf(own);
    yield Object.values(promtoolFiles("test", scenarios, own)).map((test) => ({ rules, test }));
  }
}

function rulesOf(stack: Stack): Play["rules"] {
  return {
    "alerts.yaml": { groups: alertGroups(stack) },
    "recording-rules.yaml": { groups: recordingGroups(stack) },
  };
}

/** The files with an alert and the recording rules behind it and behind what its texts ask. */
export function rulesForTexts(stack: Stack, { id, summary, description }: AlertRule): Play["rules"] {
  return rulesOf(trimmed(stack, new Set([id]), [summary, description].flatMap(queriesOf)));
}

/** An alert and the recording rules behind it, as Prometheus gets them. */
export function ruleText(stack: Stack, alert: string): string {
  return Object.values(rulesOf(trimmed(stack, new Set([alert]))))
    .map(yamlFile)
    .join("");
}

/** The stack with nothing but the rules that these alerts, and these expressions, need. */
function trimmed(stack: Stack, ids: ReadonlySet<string>, further: readonly Expression[] = []): Stack {
  const alerts = stack.alerts.filter(({ id }) => ids.has(id));
  const needed = rulesBehind(
    [...alerts.flatMap(({ expr, conditions }) => [expr, ...conditions.map(({ measure }) => measure)]), ...further],
    stack.recordingRules,
  );
  const topics = stack.topics.map((topic) => ({
    ...topic,
    recordingRules: topic.recordingRules.filter((rule) => needed.has(rule)),
  }));
  return { ...stack, alerts, topics, recordingRules: stack.recordingRules.filter((rule) => needed.has(rule)) };
}

/** The recording rules whose series some expressions read, and those that these read. */
export function rulesBehind(
  expressions: readonly Expression[],
  rules: readonly RecordingRule[],
): ReadonlySet<RecordingRule> {
  const found = new Set<RecordingRule>();
  const open = [...expressions];
  for (let expr = open.pop(); expr !== undefined; expr = open.pop()) {
    for (const node of nodesOf(expr.node)) {
      if (node.kind !== "selector" || node.metric.type !== "recorded") continue;
      const slo = node.matchers.find(({ label }) => label === "slo")?.values[0];
      for (const rule of rules) {
        const fits = rule.record === node.metric.name && (slo === undefined || rule.labels.slo === slo);
        if (!fits || found.has(rule)) continue;
        found.add(rule);
        open.push(rule.expr);
      }
    }
  }
  return found;
}
