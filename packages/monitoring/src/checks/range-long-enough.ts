import { isGrafanaRange, toSeconds } from "../promql/duration.ts";
import { nodesOf } from "../promql/node.ts";
import type { Check } from "./check.ts";
import { expressionsOf } from "./check.ts";

/** A rate needs two samples even after a failed scrape or two. */
const SCRAPES = 4;

/** Every range holds at least four scrapes, or four evaluations of what is recorded. */
export const rangeLongEnough: Check = {
  name: "range-long-enough",
  run(stack) {
    const { scrapeInterval, evaluationInterval } = stack.options;
    const everyOf = new Map(stack.recordingRules.map(({ record, every }) => [record, every ?? evaluationInterval]));
    return expressionsOf(stack).flatMap(({ subject, expr }) =>
      [...nodesOf(expr.node)].flatMap((node) => {
        if (node.kind !== "selector" || node.range === undefined || isGrafanaRange(node.range)) return [];
        const every =
          node.metric.type === "recorded" ? (everyOf.get(node.metric.name) ?? evaluationInterval) : scrapeInterval;
        if (toSeconds(node.range) >= SCRAPES * toSeconds(every)) return [];
        const problem = `the range ${node.range} of ${node.metric.name} holds fewer than ${SCRAPES} samples, which come every ${every}`;
        return [{ subject, expr, problem, mend: `use a range of at least ${SCRAPES * toSeconds(every)}s` }];
      }),
    );
  },
};
