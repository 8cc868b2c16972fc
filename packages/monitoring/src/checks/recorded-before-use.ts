import { nodesOf } from "../promql/node.ts";
import type { Check } from "./check.ts";

/** Recording rules stand before those that read them, so that one evaluation is not one interval behind another. */
export const recordedBeforeUse: Check = {
  name: "recorded-before-use",
  run({ recordingRules }) {
    const all = new Set(recordingRules.map(({ record }) => record));
    const before = new Set<string>();
    return recordingRules.flatMap(({ record, expr }) => {
      const late = [...nodesOf(expr.node)].flatMap((node) =>
        node.kind === "selector" && all.has(node.metric.name) && !before.has(node.metric.name)
          ? [node.metric.name]
          : [],
      );
      before.add(record);
      return late.map((name) => ({
        subject: `recording rule ${record}`,
        expr,
        problem: name === record ? "it reads itself" : `it reads ${name}, which is recorded after it`,
        mend: "change the order of the rules",
      }));
    });
  },
};
