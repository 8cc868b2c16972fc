import { describe, expect, test } from "vitest";
import { ALERT_PREFIX } from "../../src/names.ts";
import { promtoolTests } from "../../src/render/promtool.ts";
import { alertGroups, recordingGroups } from "../../src/render/rules.ts";
import { resolveOptions } from "../../src/settings/options.ts";
import { buildStack, type Stack } from "../../src/stack.ts";
import { playRules } from "../play.ts";
import { rulesBehind } from "../promtool.ts";
import { alarming } from "./alarming.ts";
import { type Incident, keysOf, nameOf, STEP } from "./incident.ts";
import { quiet } from "./quiet.ts";

const stack = buildStack(resolveOptions());
const incidents = [...quiet, ...alarming];

/** All alerts, and the recording rules that they stand upon: what only dashboards show takes most of the time. */
const behind = rulesBehind(
  stack.alerts.map(({ expr }) => expr),
  stack.recordingRules,
);
const played: Stack = {
  ...stack,
  topics: stack.topics.map((topic) => ({
    ...topic,
    recordingRules: topic.recordingRules.filter((rule) => behind.has(rule)),
  })),
};
const rules = {
  "alerts.yaml": { groups: alertGroups(played) },
  "recording-rules.yaml": { groups: recordingGroups(played) },
};

/** A test of all rules: what must fire does so in time, and nothing else ever fires that reaches a person. */
function testOf({ what, minutes, series, pages = {}, warns = {}, heldBack = [] }: Incident): object {
  const known = [...keysOf(pages), ...keysOf(warns), ...heldBack].map(nameOf);
  const others = `ALERTS{alertstate="firing", severity=~"critical|warning"${known.length === 0 ? "" : `, alertname!~"${known.join("|")}"`}}`;
  const told = [...Object.entries(pages).map(said("critical")), ...Object.entries(warns).map(said("warning"))];
  const { tests, ...rest } = promtoolTests([], played) as { readonly tests: readonly object[] };
  return {
    ...rest,
    tests: [
      ...tests,
      {
        name: what,
        interval: STEP,
        input_series: series.map(({ metric, suffix = "", labels, values }) => ({
          series: `${metric.name}${suffix}{${Object.entries(labels)
            .map(([name, value]) => `${name}=${JSON.stringify(value)}`)
            .join(", ")}}`,
          values,
        })),
        promql_expr_test: [
          {
            expr: `count by (alertname) (count_over_time(${others}[${minutes}m]))`,
            eval_time: `${minutes}m`,
            exp_samples: [],
          },
          ...told,
        ],
      },
    ],
  };
}

function said(severity: string): (entry: readonly [string, number]) => object {
  return ([key, minute]) => ({
    expr: `count by (alertname) (count by (alertname, severity) (ALERTS{alertname="${ALERT_PREFIX}${key}", alertstate="firing", severity="${severity}"}))`,
    eval_time: `${minute}m`,
    exp_samples: [{ labels: `{alertname="${ALERT_PREFIX}${key}"}`, value: 1 }],
  });
}

describe("promtool", { tags: ["promtool"] }, () => {
  test("sees each incident paged, warned of or silent as it is said to be", { timeout: 1_200_000 }, async () => {
    const { verdicts } = await playRules(incidents.map((incident) => [{ rules, test: testOf(incident) }]));
    const wrong = incidents.flatMap(({ what }, index) => (verdicts[index] === "" ? [] : [[what, verdicts[index]]]));
    expect(wrong).toEqual([]);
  });
});
