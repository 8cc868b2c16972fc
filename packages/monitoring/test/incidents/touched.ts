import type { RecordingRule, ScenarioSeries } from "../../src/model.ts";
import { matches } from "../../src/promql/evaluate.ts";
import type { Node, SelectorNode } from "../../src/promql/node.ts";
import type { Stack } from "../../src/stack.ts";

/** Some rules of a stack. */
export type Rules = Pick<Stack, "alerts" | "recordingRules">;

/**
 * The alerts, and the recording rules, that can have a value at some time while there are no series but these. An expression of which all
 * series are missing gives nothing, whatever the time: most rules are about something else than what happens in one incident, and to
 * evaluate them costs as much as to evaluate those that are not. A rule is kept whenever it is not certain.
 */
export function touchedRules({ alerts, recordingRules }: Rules, series: readonly ScenarioSeries[]): Rules {
  const kept = new Set<RecordingRule>();
  const isThere = (selector: SelectorNode): boolean => isGiven(selector, series) || isRecorded(selector, [...kept]);
  // Rules read what others record, in whatever order they stand: until a round finds nothing more.
  for (let before = -1; kept.size > before; ) {
    before = kept.size;
    for (const rule of recordingRules) if (canHaveValue(rule.expr.node, isThere)) kept.add(rule);
  }
  return {
    alerts: alerts.filter(({ expr }) => canHaveValue(expr.node, isThere)),
    recordingRules: recordingRules.filter((rule) => kept.has(rule)),
  };
}

/** Whether an expression can give anything when only those selectors find something for which `isThere` holds. */
export function canHaveValue(node: Node, isThere: (selector: SelectorNode) => boolean): boolean {
  const can = (inner: Node): boolean => canHaveValue(inner, isThere);
  switch (node.kind) {
    case "number":
      return true;
    case "selector":
      return isThere(node);
    case "aggregate":
    case "subquery":
      return can(node.of);
    case "call":
      // It gives something because there is nothing.
      if (node.name === "absent" || node.name === "absent_over_time") return true;
      return node.arguments.every((argument) => typeof argument === "string" || can(argument));
    case "binary":
      if (node.operator === "or") return can(node.left) || can(node.right);
      if (node.operator === "unless") return can(node.left);
      return can(node.left) && can(node.right);
  }
}

/** Whether a selector finds one of these series. */
export function isGiven({ metric, suffix, matchers }: SelectorNode, series: readonly ScenarioSeries[]): boolean {
  return series.some(
    ({ metric: given, suffix: givenSuffix = "", labels }) =>
      given.name === metric.name &&
      givenSuffix === suffix &&
      matchers.every((matcher) => matches(labels[matcher.label] ?? "", matcher)),
  );
}

/** The series of alerts themselves count as recorded always. */
function isRecorded(selector: SelectorNode, recorded: readonly RecordingRule[]): boolean {
  return selector.metric.name === "ALERTS" || recordsFor(selector, recorded).length > 0;
}

/** The rules of which a selector can find what they record. */
export function recordsFor(
  { metric, matchers }: SelectorNode,
  recorded: readonly RecordingRule[],
): readonly RecordingRule[] {
  return recorded.filter(
    ({ record, labels }) =>
      record === metric.name &&
      matchers.every((matcher) => {
        const value = labels[matcher.label];
        // What else a recorded series is labelled with depends on what it was computed from.
        return value === undefined || matches(value, matcher);
      }),
  );
}
