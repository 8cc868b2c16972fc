import { describe, expect, test } from "vitest";
import type { AlertRule } from "../../src/model.ts";
import { ALERT_PREFIX, type Severity } from "../../src/names.ts";
import { inputSeries, promtoolTests } from "../../src/render/promtool.ts";
import { alertGroups, recordingGroups } from "../../src/render/rules.ts";
import { resolveOptions } from "../../src/settings/options.ts";
import { buildStack, type Stack } from "../../src/stack.ts";
import { NEWEST } from "../newest.ts";
import { type Play, playRules } from "../play.ts";
import { rulesBehind } from "../promtool.ts";
import { alarming } from "./alarming.ts";
import { type Incident, keysOf, nameOf, STEP } from "./incident.ts";
import { partsOf } from "./parts.ts";
import { quiet } from "./quiet.ts";
import { touchedRules } from "./touched.ts";

const stack = buildStack(resolveOptions());
const incidents = [...quiet, ...alarming];
/** Incidents that are played with all rules as well, also with those that have nothing to see in them. */
const COMPARED = 4;
/** What reaches a person. */
const TOLD: readonly Severity[] = ["critical", "warning"];

/** All alerts, and the recording rules that they stand upon: what only dashboards show takes most of the time. */
const behind = rulesBehind(
  stack.alerts.map(({ expr }) => expr),
  stack.recordingRules,
);
const all = withRules(stack.alerts, [...behind]);

/**
 * An incident in parts: without the rules that cannot have a value in it, for they give nothing whenever they are evaluated, and without
 * the parts of which nobody is told whatever happens.
 */
function partsOfIncident(incident: Incident): readonly Play[] {
  const touched = touchedRules(all, incident.series);
  const names = new Set<string>(touched.alerts.map(({ name }) => name));
  expect(toldIn(incident).filter((told) => !names.has(told))).toEqual([]);
  const parts = partsOf(touched, incident.series).filter(({ alerts }) => alerts.some(isTold));
  return parts.map(({ alerts, recordingRules, series }) => {
    const own = new Set<string>(alerts.map(({ name }) => name));
    const isOwn = ([key]: readonly [string, number]): boolean => own.has(`${ALERT_PREFIX}${key}`);
    const { pages = {}, warns = {}, heldBack = [] } = incident;
    const part = {
      // What is said of a part, it says of every incident that it is a part of.
      what: "a part",
      minutes: incident.minutes,
      series,
      pages: Object.fromEntries(Object.entries(pages).filter(isOwn)),
      warns: Object.fromEntries(Object.entries(warns).filter(isOwn)),
      heldBack: heldBack.filter((key) => own.has(nameOf(key))),
    };
    return playOf(part, withRules(alerts, recordingRules));
  });
}

function isTold({ severity }: AlertRule): boolean {
  return TOLD.includes(severity);
}

function toldIn({ pages = {}, warns = {} }: Incident): readonly string[] {
  return [...keysOf(pages), ...keysOf(warns)].map(nameOf);
}

function withRules(alerts: Stack["alerts"], rules: Stack["recordingRules"]): Stack {
  const kept = new Set(rules);
  const topics = stack.topics.map((topic) => ({
    ...topic,
    recordingRules: topic.recordingRules.filter((rule) => kept.has(rule)),
  }));
  return { ...stack, topics, alerts, recordingRules: topics.flatMap(({ recordingRules }) => recordingRules) };
}

function playOf(incident: Incident, played: Stack): Play {
  const rules = {
    "alerts.yaml": { groups: alertGroups(played) },
    "recording-rules.yaml": { groups: recordingGroups(played) },
  };
  return { rules, test: testOf(incident, played) };
}

/** A test of all rules: what must fire does so in time, and nothing else ever fires that reaches a person. */
function testOf({ what, minutes, series, pages = {}, warns = {}, heldBack = [] }: Incident, played: Stack): object {
  const known = [...keysOf(pages), ...keysOf(warns), ...heldBack].map(nameOf);
  const others = `ALERTS{alertstate="firing", severity=~"${TOLD.join("|")}"${known.length === 0 ? "" : `, alertname!~"${known.join("|")}"`}}`;
  const told = [...Object.entries(pages).map(said("critical")), ...Object.entries(warns).map(said("warning"))];
  const { tests, ...rest } = promtoolTests([], played) as { readonly tests: readonly object[] };
  return {
    ...rest,
    tests: [
      ...tests,
      {
        name: what,
        interval: STEP,
        input_series: inputSeries(series),
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

describe("the newest promtool", { tags: ["newest-promtool"] }, () => {
  test("says the same of each incident", { timeout: 1_200_000 }, async () => {
    const { verdicts } = await playRules(incidents.map(partsOfIncident), undefined, NEWEST);
    expect(incidents.flatMap(({ what }, index) => (verdicts[index] === "" ? [] : [[what, verdicts[index]]]))).toEqual(
      [],
    );
  });
});

describe("promtool", { tags: ["promtool"] }, () => {
  test("sees each incident paged, warned of or silent as it is said to be", { timeout: 1_200_000 }, async () => {
    const compared = incidents.toSorted((one, other) => one.minutes - other.minutes).slice(0, COMPARED);
    const { verdicts } = await playRules([
      ...incidents.map(partsOfIncident),
      ...compared.map((incident) => [playOf(incident, all)]),
    ]);
    const wrong = [...incidents, ...compared].flatMap(({ what }, index) =>
      verdicts[index] === "" ? [] : [[what, verdicts[index]]],
    );
    expect(wrong).toEqual([]);
  });
});
