import { labelsOf } from "../promql/analyse.ts";
import type { Check } from "./check.ts";

/** A recorded series says in its name which labels it has, `job_mcp_server:…`, and no two rules make the same series. */
export const recordsAreNamed: Check = {
  name: "records-are-named",
  run({ recordingRules }) {
    const seen = new Set<string>();
    return recordingRules.flatMap(({ record, expr, labels }) => {
      const subject = `recording rule ${record}`;
      const series = `${record}${JSON.stringify(labels)}`;
      const twice = seen.has(series)
        ? [{ subject, expr, problem: "another rule makes the same series", mend: "give it another name or labels" }]
        : [];
      seen.add(series);
      const [level = ""] = record.split(":");
      const kept = [...labelsOf(expr.node), ...Object.keys(labels)].filter((name) => name !== "le");
      const expected = new Set(kept);
      const matches = [...orderings(level, expected)].length > 0;
      if (matches && record.split(":").length === 3) return twice;
      const problem = `its level "${level}" does not name its labels ${[...expected].join(", ")}`;
      return [
        ...twice,
        { subject, expr, problem, mend: "name it level:metric:operations with the labels as the level" },
      ];
    });
  },
};

/** The ways to read a level as labels; label names may contain the underscore that separates them. */
function* orderings(level: string, labels: ReadonlySet<string>): Generator<readonly string[]> {
  if (labels.size === 0) {
    if (level === "") yield [];
    return;
  }
  for (const label of labels) {
    if (level !== label && !level.startsWith(`${label}_`)) continue;
    const rest = new Set([...labels].filter((other) => other !== label));
    for (const tail of orderings(level.slice(label.length + 1), rest)) yield [label, ...tail];
  }
}
