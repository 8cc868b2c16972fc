import type { AlertRule } from "../model.ts";
import { isGrafanaRange, toSeconds } from "../promql/duration.ts";
import { type Node, nodesOf } from "../promql/node.ts";
import type { Check } from "./check.ts";

/** `for` and the windows of an alert agree: what one event causes lasts longer than `for`, what one sample causes does not. */
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
      const held = longestHold(alert.expr.node);
      if (wait > 0 && held >= wait) {
        const problem = `for ${alert.for} is not longer than the ${held}s that a single sample holds the condition up`;
        return [{ subject, expr: alert.expr, problem, mend: "hold samples for less than for, or wait longer" }];
      }
      const window = shortestEventWindow(alert);
      if (window === undefined || wait < window) return [];
      const problem = `for ${alert.for} is not shorter than the window of ${window}s in which events are counted`;
      return [{ subject, expr: alert.expr, problem, mend: "use a longer window or a shorter for" }];
    });
  },
};

/** Of functions that keep the worst sample of a window: with one of them, one bad sample is enough to fire. */
function longestHold(node: Node): number {
  return Math.max(0, ...windowsOf(node, ["max_over_time", "min_over_time"]));
}

/**
 * Of functions that count events: a single event is seen as long as it is within the window, and no longer. A minimum
 * is no such thing, for the share beside it has to last as well.
 */
function shortestEventWindow({ expr, conditions }: AlertRule): number | undefined {
  const minimums = conditions.filter(({ isMinimum }) => isMinimum === true);
  const left = new Set(minimums.flatMap(({ measure }) => [...nodesOf(measure.node)]));
  const windows = windowsOf(expr.node, ["increase", "changes", "resets"], left);
  return windows.length === 0 ? undefined : Math.min(...windows);
}

function windowsOf(node: Node, functions: readonly string[], left: ReadonlySet<Node> = new Set()): readonly number[] {
  return [...nodesOf(node)].flatMap((each) => {
    if (left.has(each) || each.kind !== "call" || !functions.includes(each.name)) return [];
    return each.arguments.flatMap((argument) =>
      typeof argument !== "string" &&
      argument.kind === "selector" &&
      argument.range !== undefined &&
      !isGrafanaRange(argument.range)
        ? [toSeconds(argument.range)]
        : [],
    );
  });
}
