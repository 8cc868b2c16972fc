import type { AlertRule, RecordingRule } from "../../src/model.ts";
import { type Duration, fromSeconds, toSeconds } from "../../src/promql/duration.ts";
import { mapSelectors, type Node, type SelectorNode } from "../../src/promql/node.ts";
import type { Expression } from "../../src/promql/vector.ts";
import type { Stack } from "../../src/stack.ts";
import { rulesBehind } from "../promtool.ts";
import { damagesTo, type Operator, SCOPE, stretch } from "./mutate-node.ts";

/** A stack with one thing damaged that some scenario of the alert has to notice. */
export interface Mutant {
  readonly alert: string;
  /** The alert itself, or the recording rule behind it that is damaged. */
  readonly where: string;
  readonly operator: Operator | "for changed" | "window changed" | "scope dropped";
  readonly what: string;
  /** What is damaged is multiplied by zero afterwards. */
  readonly isErased: boolean;
  readonly stack: Stack;
}

/** Every mutant of every alert. A recording rule is damaged once, for the first alert that reads it. */
export function mutantsOf(stack: Stack): readonly Mutant[] {
  const taken = new Set<RecordingRule>();
  return stack.alerts.flatMap((alert) => {
    const behind = [...rulesBehind([alert.expr], stack.recordingRules)].filter((rule) => !taken.has(rule));
    for (const rule of behind) taken.add(rule);
    return [...ofAlert(alert, stack), ...behind.flatMap((rule) => ofRecord(rule, alert, stack))];
  });
}

function ofAlert(alert: AlertRule, stack: Stack): readonly Mutant[] {
  const mutant = (
    operator: Mutant["operator"],
    what: string,
    changed: Partial<AlertRule>,
    isErased = false,
  ): Mutant => ({
    isErased,
    alert: alert.id,
    where: alert.id,
    operator,
    what,
    stack: { ...stack, alerts: stack.alerts.map((each) => (each === alert ? { ...each, ...changed } : each)) },
  });
  const rewritten = (change: (node: Node) => Node): Partial<AlertRule> => ({
    expr: { node: change(alert.expr.node) },
    conditions: alert.conditions.map((each) => ({ ...each, measure: { node: change(each.measure.node) } })),
  });
  const wait: readonly Duration[] = alert.for === "0s" ? ["1m"] : ["0s", fromSeconds(toSeconds(alert.for) * 2)];
  return [
    ...damagesTo(alert.expr.node, alert.conditions).map(({ operator, what, isErased, replace }) =>
      mutant(operator, what, rewritten(replace), isErased),
    ),
    ...wait.map((instead) => mutant("for changed", `${alert.for} → ${instead}`, { for: instead })),
    ...windowDamages(alert.expr).map(([what, change]) => mutant("window changed", what, rewritten(change))),
    ...scopeDamages(alert.expr).map(([label, change]) => mutant("scope dropped", label, rewritten(change))),
  ];
}

function ofRecord(rule: RecordingRule, alert: AlertRule, stack: Stack): readonly Mutant[] {
  return damagedRecords(rule).map(({ damaged, ...damage }) => {
    const swap = (rules: readonly RecordingRule[]) => rules.map((each) => (each === rule ? damaged : each));
    const topics = stack.topics.map((topic) => ({ ...topic, recordingRules: swap(topic.recordingRules) }));
    return { ...damage, alert: alert.id, stack: { ...stack, topics, recordingRules: swap(stack.recordingRules) } };
  });
}

/** A recording rule with one thing damaged. */
export interface DamagedRecord extends Omit<Mutant, "alert" | "stack"> {
  readonly damaged: RecordingRule;
}

/** Every way to damage a recording rule. */
export function damagedRecords(rule: RecordingRule): readonly DamagedRecord[] {
  const { node } = rule.expr;
  const record = (operator: Mutant["operator"], what: string, change: Change, isErased = false): DamagedRecord => ({
    isErased,
    where: nameOfRecord(rule),
    operator,
    what,
    damaged: { ...rule, expr: { node: change(node) } },
  });
  return [
    ...damagesTo(node, []).map(({ operator, what, isErased, replace }) => record(operator, what, replace, isErased)),
    ...windowDamages(rule.expr).map(([what, change]) => record("window changed", what, change)),
    ...scopeDamages(rule.expr).map(([label, change]) => record("scope dropped", label, change)),
  ];
}

/** What tells a recording rule from others: its name and the labels that it sets. */
export function nameOfRecord({ record, labels }: Pick<RecordingRule, "record" | "labels">): string {
  return [record, ...Object.values(labels)].join(" of ");
}

type Change = (node: Node) => Node;

function windowDamages({ node }: Expression): readonly (readonly [what: string, change: Change])[] {
  const stretched =
    (times: number): Change =>
    (root) =>
      mapSelectors(root, (each) => (each.range === undefined ? each : { ...each, range: stretch(each.range, times) }));
  // Without ranges nothing changes.
  if (JSON.stringify(stretched(2)(node)) === JSON.stringify(node)) return [];
  return [
    ["doubled", stretched(2)],
    ["halved", stretched(0.5)],
  ];
}

function scopeDamages({ node }: Expression): readonly (readonly [label: string, change: Change])[] {
  return SCOPE.flatMap((label) => {
    const without = (each: SelectorNode): SelectorNode => ({
      ...each,
      matchers: each.matchers.filter((matcher) => matcher.label !== label),
    });
    const change: Change = (root) => mapSelectors(root, without);
    return JSON.stringify(change(node)) === JSON.stringify(node) ? [] : [[label, change] as const];
  });
}
