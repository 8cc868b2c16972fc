import type { AlertRule, RecordingRule, Scenario } from "../model.ts";
import { type ConstantSeries, evaluateConstant } from "../promql/evaluate.ts";
import { nodesOf } from "../promql/node.ts";
import { finalValue } from "../scenarios/values.ts";
import type { Check } from "./check.ts";

/**
 * No alert fires while nothing happens, worked out without Prometheus: the expression is evaluated over the idle fleet
 * of its scenarios. "All servers are down" would be true of servers that start when they are needed.
 */
export const idleIsSilent: Check = {
  name: "idle-is-silent",
  run({ alerts, scenarios, recordingRules }) {
    return alerts.flatMap((alert) =>
      scenarios
        .filter(({ alert: id, kind }) => id === alert.id && kind === "idle healthy fleet")
        .filter(({ expect }) => expect.every(({ firing }) => firing.length === 0))
        .filter((scenario) => isTrue(alert, worldOf(scenario, alert, recordingRules)))
        .map(() => ({
          subject: `alert ${alert.id}`,
          expr: alert.expr,
          problem: "it fires on an idle, healthy fleet",
          mend: "ask for something that is wrong, not for something that is not there",
        })),
    );
  },
};

function isTrue({ expr }: AlertRule, world: readonly ConstantSeries[]): boolean {
  const result = evaluateConstant(expr.node, world);
  return typeof result === "number" || result.length > 0;
}

/** The series of the scenario, and what rules record about them. */
function worldOf(
  { series }: Scenario,
  { expr }: AlertRule,
  rules: readonly RecordingRule[],
): readonly ConstantSeries[] {
  const world: ConstantSeries[] = series.flatMap(({ metric, suffix = "", labels, values }) => {
    const value = finalValue(values);
    return value === undefined ? [] : [{ name: `${metric.name}${suffix}`, labels, value }];
  });
  const readsRecorded = [...nodesOf(expr.node)].some(
    (node) => node.kind === "selector" && node.metric.type === "recorded",
  );
  for (const rule of readsRecorded ? rules : []) {
    const result = evaluateConstant(rule.expr.node, world);
    if (typeof result === "number") continue;
    world.push(
      ...result.map(({ labels, value }) => ({ name: rule.record, labels: { ...labels, ...rule.labels }, value })),
    );
  }
  return world;
}
