import type { RecordingRule } from "../../src/model.ts";
import { printPromql } from "../../src/promql/print.ts";
import { braces } from "../../src/render/promtool.ts";
import { type Play, playRules, type Verdicts } from "../play.ts";
import type { RecordStory } from "./story.ts";

/** A recording rule, as it is or damaged, and the stories that it has to fit. */
export interface Recital {
  readonly rule: RecordingRule;
  readonly stories: readonly RecordStory[];
}

/** Values agree to a part of so many, a power of two so that rounding adds no error of its own. */
const GRAIN = 2 ** 30;

/** Plays each rule alone, with what it reads given as series. What promtool says of each; empty means it was content. */
export async function recite(recitals: readonly Recital[]): Promise<Verdicts> {
  return (await playRules(recitals.map(playsOf))).verdicts;
}

/** The pace of evaluation is one for a file, so each story is one. */
function playsOf({ rule, stories }: Recital): readonly Play[] {
  const { record, labels, expr } = rule;
  const rules = {
    "rules.yaml": { groups: [{ name: "records", rules: [{ record, expr: printPromql(expr), labels }] }] },
  };
  return stories.map((story) => ({ rules, test: testOf(rule, story) }));
}

function testOf({ record, labels }: RecordingRule, { title, interval, input, at, gives }: RecordStory): object {
  return {
    rule_files: ["../rules.yaml"],
    evaluation_interval: interval,
    tests: [
      {
        name: title,
        interval,
        input_series: input,
        promql_expr_test: [
          {
            // promtool compares bits, and the order of a sum decides about the last ones.
            expr: `round(${record}${braces(labels)}, ${1 / GRAIN})`,
            eval_time: at,
            exp_samples: gives.map((each) => ({ labels: braces(each.labels), value: rounded(each.value) })),
          },
        ],
      },
    ],
  };
}

/** As Prometheus rounds. */
function rounded(value: number): number {
  return Math.floor(value * GRAIN + 0.5) / GRAIN;
}
