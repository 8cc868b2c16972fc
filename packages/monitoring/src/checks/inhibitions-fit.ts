import type { AlertRule, Inhibition } from "../model.ts";
import type { Stack } from "../stack.ts";
import { alertLabels, fixedLabel } from "./alert-labels.ts";
import type { Check, Finding } from "./check.ts";

/**
 * Labels that an inhibition compares exist on both sides. Alertmanager takes two missing labels as equal, so one typing
 * error silences alerts that have nothing to do with each other.
 */
export const inhibitionsFit: Check = {
  name: "inhibitions-fit",
  run(stack) {
    return stack.routing.inhibitions.flatMap((inhibition) => [
      ...findingsOf(inhibition, "source", stack),
      ...findingsOf(inhibition, "target", stack),
    ]);
  },
};

function findingsOf(inhibition: Inhibition, side: "source" | "target", { alerts }: Stack): readonly Finding[] {
  const [names, match = {}] =
    side === "source" ? [inhibition.sources, inhibition.sourceMatch] : [inhibition.targets, inhibition.targetMatch];
  // A variant without the label is not meant where another variant of the same alert has it.
  const isAbout = ({ name }: AlertRule, label: string): boolean =>
    alerts.some((other) => other.name === name && alertLabels(other).has(label));
  const fits = (alert: AlertRule): boolean =>
    names.includes(alert.name) &&
    Object.entries(match).every(([label, value]) =>
      alertLabels(alert).has(label) ? (fixedLabel(alert, label) ?? value) === value : !isAbout(alert, label),
    );
  const matched = alerts.filter(fits);
  const subject = `inhibition of ${inhibition.targets.join(", ")} by ${inhibition.sources.join(", ")}`;
  return matched.flatMap((alert) =>
    [...inhibition.equal, ...Object.keys(match)]
      .filter((label) => !alertLabels(alert).has(label))
      .map((label) => ({
        subject,
        expr: alert.expr,
        problem: `its ${side} ${alert.id} has no label ${label}`,
        mend: `keep ${label} in the expression, or compare labels that both sides have`,
      })),
  );
}
