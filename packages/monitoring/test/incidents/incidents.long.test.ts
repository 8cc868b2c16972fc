import { join } from "node:path";
import { describe, expect, test } from "vitest";
import type { AlertRule } from "../../src/model.ts";
import { ALERT_PREFIX, type Severity } from "../../src/names.ts";
import { promtoolTests } from "../../src/render/promtool.ts";
import { alertGroups, recordingGroups } from "../../src/render/rules.ts";
import { resolveOptions } from "../../src/settings/options.ts";
import { buildStack, type Stack } from "../../src/stack.ts";
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

/** As `npm test` unpacks it; the one of the machine is the oldest that is supported. */
const NEWEST = join(process.env.HANGAR_PROGRAMS ?? "", "newest-promtool/usr/bin/promtool");
/** The hardest: of each way in which alerts are asked, of what must be held back, and of what must stay silent. */
const HARDEST = [
  "One failed call at night",
  "An agent that fails four times in a minute and gives up",
  "A server fails two health checks and recovers",
  "A breaker opens once; nobody calls any more",
  "Every call fails, one a minute",
  "One server of fifty fails all of its calls, and its health checks pass",
  "One tool of a server fails every time",
  "Service discovery has lost the gateway",
  "A server with 30 % of the calls is dead",
  "A server is dead for one minute in four",
  "The gateway restarts every 40 seconds, and every scrape finds it up",
  "The destination of an exporter is away",
];

describe("the newest promtool", { tags: ["newest-promtool"] }, () => {
  test("says the same of the hardest incidents", { timeout: 600_000 }, async () => {
    const hardest = HARDEST.map((each) => incidents.find(({ what }) => what === each));
    expect(hardest).not.toContain(undefined);
    const plays = hardest.flatMap((incident) => (incident === undefined ? [] : [partsOfIncident(incident)]));
    const { verdicts } = await playRules(plays, undefined, NEWEST);
    expect(HARDEST.flatMap((what, index) => (verdicts[index] === "" ? [] : [[what, verdicts[index]]]))).toEqual([]);
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
