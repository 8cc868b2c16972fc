import { spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { RecordingRule, Scenario } from "../src/model.ts";
import { nodesOf } from "../src/promql/node.ts";
import type { Expression } from "../src/promql/vector.ts";
import { promtoolFiles } from "../src/render/promtool.ts";
import { alertGroups, recordingGroups } from "../src/render/rules.ts";
import { yamlFile } from "../src/render/yaml.ts";
import type { Stack } from "../src/stack.ts";

/** Some scenarios and the rules that they are played against. */
export interface Performance {
  readonly stack: Stack;
  readonly scenarios: readonly Scenario[];
}

/** What promtool says of each performance; empty means that it was content. */
export type Verdicts = readonly string[];

/** More would not help, for promtool is busy with the processor all the time. */
const PROCESSES = 2;
/** So that one process has enough to do to make its start worthwhile, and not too much to share the work evenly. */
const FILES_PER_PROCESS = 40;

/** Plays every performance with promtool, several at the same time, and with no more rules than the scenarios need. */
export async function perform(performances: readonly Performance[]): Promise<Verdicts> {
  const folder = mkdtempSync(join(tmpdir(), "promtool-"));
  try {
    const files = performances.flatMap((performance, index) => written(performance, join(folder, String(index))));
    const batches = Array.from({ length: Math.ceil(files.length / FILES_PER_PROCESS) }, (_, index) =>
      files.slice(index * FILES_PER_PROCESS, (index + 1) * FILES_PER_PROCESS),
    );
    const said = new Map<string, string>();
    await Promise.all(
      Array.from({ length: PROCESSES }, async (_, process) => {
        for (let batch = batches.pop(); batch !== undefined; batch = batches.pop()) {
          for (const [file, verdict] of await testRules(batch, join(folder, `output-${process}`)))
            said.set(file, verdict);
        }
      }),
    );
    return performances.map((_, index) => {
      const own = files.filter((file) => file.startsWith(`${join(folder, String(index))}/`));
      return own.map((file) => said.get(file) ?? "promtool said nothing about it").join("");
    });
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** The stack with nothing but the rules that these scenarios are about. */
function trimmed(stack: Stack, scenarios: readonly Scenario[]): Stack {
  const ids = new Set(scenarios.map(({ alert }) => alert));
  const alerts = stack.alerts.filter(({ id }) => ids.has(id));
  const needed = rulesBehind(
    alerts.flatMap(({ expr, conditions }) => [expr, ...conditions.map(({ measure }) => measure)]),
    stack.recordingRules,
  );
  const topics = stack.topics.map((topic) => ({
    ...topic,
    recordingRules: topic.recordingRules.filter((rule) => needed.has(rule)),
  }));
  return { ...stack, alerts, topics, recordingRules: stack.recordingRules.filter((rule) => needed.has(rule)) };
}

/** The recording rules whose series some expressions read, and those that these read. */
export function rulesBehind(
  expressions: readonly Expression[],
  rules: readonly RecordingRule[],
): ReadonlySet<RecordingRule> {
  const found = new Set<RecordingRule>();
  const open = [...expressions];
  for (let expr = open.pop(); expr !== undefined; expr = open.pop()) {
    for (const node of nodesOf(expr.node)) {
      if (node.kind !== "selector" || node.metric.type !== "recorded") continue;
      const slo = node.matchers.find(({ label }) => label === "slo")?.values[0];
      for (const rule of rules) {
        const fits = rule.record === node.metric.name && (slo === undefined || rule.labels.slo === slo);
        if (!fits || found.has(rule)) continue;
        found.add(rule);
        open.push(rule.expr);
      }
    }
  }
  return found;
}

function written({ stack, scenarios }: Performance, folder: string): readonly string[] {
  const rules = trimmed(stack, scenarios);
  const files = {
    "alerts.yaml": { groups: alertGroups(rules) },
    "recording-rules.yaml": { groups: recordingGroups(rules) },
  };
  const tests = Object.entries(promtoolFiles("test", scenarios, rules));
  for (const [name, content] of [
    ...Object.entries(files),
    ...tests.map(([name, test]) => [`tests/${name}`, test] as const),
  ]) {
    const file = join(folder, name);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, yamlFile(content));
  }
  return tests.map(([name]) => join(folder, "tests", name));
}

/**
 * What `promtool test rules` says of each file. Verdicts and reasons go to different streams; only in one file, `output`,
 * does it show which belong together.
 */
export async function testRules(files: readonly string[], output: string): Promise<ReadonlyMap<string, string>> {
  const file = openSync(output, "w");
  try {
    await once(spawn("promtool", ["test", "rules", ...files], { stdio: ["ignore", file, file] }), "close");
  } finally {
    closeSync(file);
  }
  return new Map(verdictsIn(readFileSync(output, "utf8")));
}

/** promtool prints `Unit Testing: <file>` and then `SUCCESS`, or `FAILED:` and the reasons. */
function verdictsIn(output: string): readonly (readonly [string, string])[] {
  return output
    .split(/^Unit Testing: +/m)
    .slice(1)
    .map((part) => {
      const [file = "", ...rest] = part.split("\n");
      const verdict = rest.join("\n").trim();
      return [file.trim(), verdict === "SUCCESS" ? "" : verdict];
    });
}
