import { nodesOf, type SelectorNode } from "../promql/node.ts";
import { UNEXPORTED_SIGNALS } from "../unexported-signals.ts";
import type { Check } from "./check.ts";

/** An alert on what no exporter of this release carries says why it cannot fire, and no other alert says it. */
export const dormantAlertsSaySo: Check = {
  name: "dormant-alerts-say-so",
  run({ alerts }) {
    return alerts.flatMap(({ id, expr, dormant }) => {
      const signals = [...nodesOf(expr.node)].flatMap((node) => (node.kind === "selector" ? unexported(node) : []));
      if (signals.length > 0 === (dormant !== undefined)) return [];
      const finding =
        dormant === undefined
          ? {
              problem: `it selects the signal ${signals.join(", ")}, of which no exporter of this release has a series`,
              mend: "say so with `dormant: UNEXPORTED_SIGNALS…`, or select another signal",
            }
          : { problem: "it is said to be dormant, and all that it reads exists", mend: "remove `dormant`" };
      return [{ subject: `alert ${id}`, expr, ...finding }];
    });
  },
};

/** The signals that a selector asks for, if no series has any of them. */
function unexported({ matchers }: SelectorNode): readonly string[] {
  return matchers
    .filter(({ label, operator }) => label === "signal" && (operator === "=" || operator === "=~"))
    .filter(({ values }) => values.every((signal) => Object.hasOwn(UNEXPORTED_SIGNALS, signal)))
    .flatMap(({ values }) => values);
}
