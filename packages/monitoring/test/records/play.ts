import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { RecordingRule } from "../../src/model.ts";
import { printPromql } from "../../src/promql/print.ts";
import { yamlFile } from "../../src/render/yaml.ts";
import { testRules } from "../promtool.ts";
import { braces, type RecordStory } from "./story.ts";

/** A recording rule, as it is or damaged, and the stories that it has to fit. */
export interface Recital {
  readonly rule: RecordingRule;
  readonly stories: readonly RecordStory[];
}

/** More would make a command line too long. */
const FILES_PER_PROCESS = 200;

/** Values agree to a part of so many, a power of two so that rounding adds no error of its own. */
const GRAIN = 2 ** 30;

/** Plays each rule alone, with what it reads given as series. What promtool says of each; empty means it was content. */
export async function recite(recitals: readonly Recital[]): Promise<readonly string[]> {
  const folder = mkdtempSync(join(tmpdir(), "records-"));
  try {
    const files = recitals.map(({ rule, stories }, index) => written(rule, stories, join(folder, String(index))));
    const all = files.flat();
    const said = new Map<string, string>();
    for (let at = 0; at < all.length; at += FILES_PER_PROCESS) {
      const batch = all.slice(at, at + FILES_PER_PROCESS);
      for (const [file, verdict] of await testRules(batch, join(folder, "output"))) said.set(file, verdict);
    }
    return files.map((own) => own.map((file) => said.get(file) ?? "promtool said nothing about it").join(""));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** The pace of evaluation is one for a file, so each story is one. */
function written(rule: RecordingRule, stories: readonly RecordStory[], folder: string): readonly string[] {
  mkdirSync(folder);
  const { record, labels, expr } = rule;
  const rules = { groups: [{ name: "records", rules: [{ record, expr: printPromql(expr), labels }] }] };
  writeFileSync(join(folder, "rules.yaml"), yamlFile(rules));
  return stories.map((story, index) => {
    const file = join(folder, `${index}.yaml`);
    writeFileSync(file, yamlFile(testOf(rule, story)));
    return file;
  });
}

function testOf({ record, labels }: RecordingRule, { title, interval, input, at, gives }: RecordStory): object {
  return {
    rule_files: ["rules.yaml"],
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
