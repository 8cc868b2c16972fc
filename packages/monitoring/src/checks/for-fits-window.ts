import { isGrafanaRange, toSeconds } from "../promql/duration.ts";
import { type Node, nodesOf } from "../promql/node.ts";
import type { Check } from "./check.ts";

/** `for` and the windows of an alert agree: what one event causes must last longer than `for`, or nobody hears of it. */
export const forFitsWindow: Check = {
  name: "for-fits-window",
  run({ alerts, options }) {
    return alerts.flatMap((alert) => {
      const subject = `alert ${alert.id}`;
      const wait = toSeconds(alert.for);
      const evaluation = toSeconds(options.evaluationInterval);
      if (wait > 0 && wait < evaluation) {
        const problem = `for ${alert.for} is shorter than the evaluation interval ${options.evaluationInterval}`;
        return [{ subject, expr: alert.expr, problem, mend: "use 0s or at least one evaluation interval" }];
      }
      const window = shortestEventWindow(alert.expr.node);
      if (window === undefined || wait < window) return [];
      const problem = `for ${alert.for} is not shorter than the window of ${window}s in which events are counted`;
      return [{ subject, expr: alert.expr, problem, mend: "use a longer window or a shorter for" }];
    });
  },
};

/** Of functions that count events: a single event is seen as long as it is within the window, and no longer. */
function shortestEventWindow(node: Node): number | undefined {
  const windows = [...nodesOf(node)].flatMap((each) => {
    if (each.kind !== "call" || !["increase", "changes", "resets"].includes(each.name)) return [];
    return each.arguments.flatMap((argument) =>
      typeof argument !== "string" &&
      argument.kind === "selector" &&
      argument.range !== undefined &&
      !isGrafanaRange(argument.range)
        ? [toSeconds(argument.range)]
        : [],
    );
  });
  return windows.length === 0 ? undefined : Math.min(...windows);
}
