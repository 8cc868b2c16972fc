import { nodesOf } from "../promql/node.ts";
import type { Check } from "./check.ts";
import { expressionsOf } from "./check.ts";

/** Since which minor version of Prometheus 2 a function or aggregation exists; 0 is long before anything supported. */
const SINCE: Readonly<Record<string, number>> = {
  abs: 0,
  absent: 0,
  absent_over_time: 16,
  avg: 0,
  avg_over_time: 0,
  changes: 0,
  clamp_min: 0,
  clamp_max: 0,
  count: 0,
  count_over_time: 0,
  delta: 0,
  deriv: 0,
  histogram_quantile: 0,
  increase: 0,
  irate: 0,
  label_replace: 0,
  last_over_time: 26,
  max: 0,
  max_over_time: 0,
  min: 0,
  min_over_time: 0,
  present_over_time: 29,
  rate: 0,
  resets: 0,
  round: 0,
  sum: 0,
  sum_over_time: 0,
  time: 0,
  timestamp: 0,
  topk: 0,
  bottomk: 0,
  vector: 0,
};

/** Every function exists in the oldest Prometheus that the stack promises to work with. */
export const functionsAreKnown: Check = {
  name: "functions-are-known",
  run(stack) {
    const [major = 0, minor = 0] = stack.options.minimumPrometheus.split(".").map(Number);
    return expressionsOf(stack).flatMap(({ subject, expr }) =>
      [...nodesOf(expr.node)].flatMap((node) => {
        if (node.kind !== "call" && node.kind !== "aggregate") return [];
        const name = node.kind === "call" ? node.name : node.operator;
        const since = Object.hasOwn(SINCE, name) ? SINCE[name] : undefined;
        if (since !== undefined && (major > 2 || since <= minor)) return [];
        const problem =
          since === undefined
            ? `the function ${name} is not in the table`
            : `${name} exists only since Prometheus 2.${since}`;
        const mend = `use another function, or raise minimumPrometheus (${stack.options.minimumPrometheus})`;
        return [{ subject, expr, problem, mend }];
      }),
    );
  },
};
