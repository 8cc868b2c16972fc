import { beforeAll, describe, expect, test } from "vitest";
import { matches } from "../../src/promql/evaluate.ts";
import { runtime } from "../../src/promql/external.ts";
import { type Node, nodesOf, type SelectorNode } from "../../src/promql/node.ts";
import { printPromql } from "../../src/promql/print.ts";
import { defaultStack } from "../defaults.ts";
import { recordsFor } from "../incidents/touched.ts";
import { BEGIN, type MinuteSeries } from "./backfilled.ts";
import { fleets } from "./fleets.ts";
import { trafficOf } from "./traffic.ts";
import { DAY } from "./world.ts";

const rules = [...defaultStack.alerts, ...defaultStack.recordingRules];
const selectors = selectorsIn(rules.map(({ expr }) => expr.node));

/** What expressions select, each once, by how it is written without its range. */
function selectorsIn(expressions: readonly Node[]): ReadonlyMap<string, SelectorNode> {
  const found = expressions
    .flatMap((expression) => [...nodesOf(expression)])
    .filter((node) => node.kind === "selector")
    .map(({ range: _range, offset: _offset, ...bare }): [string, SelectorNode] => [
      printPromql({ node: bare }).replaceAll(/\s+/g, " "),
      bare,
    ]);
  return new Map(found);
}

function foundBy({ metric, suffix, matchers }: SelectorNode, series: readonly MinuteSeries[]): readonly MinuteSeries[] {
  return series.filter(
    ({ name, labels }) =>
      name === `${metric.name}${suffix}` && matchers.every((matcher) => matches(labels[matcher.label] ?? "", matcher)),
  );
}

/** Nobody scrapes what fires; Prometheus makes these series itself, and the month has none. */
const MADE_BY_PROMETHEUS = ["ALERTS"];

test.each(fleets)("there is a series for whatever any rule selects, in a $name fleet", (fleet) => {
  const series = trafficOf(fleet, 60);
  const missing = [...selectors.values()].filter((selector) =>
    selector.metric.type === "recorded"
      ? recordsFor(selector, defaultStack.recordingRules).length === 0
      : foundBy(selector, series).length === 0,
  );
  expect([...new Set(missing.map(({ metric }) => metric.name))]).toEqual(MADE_BY_PROMETHEUS);
});

const LIMIT = "it is a limit, or says what something is";
const INCIDENT = "one is an incident, of which its alert tells at once";

/** What stays as it is all month, and why. */
const STILL: Readonly<Record<string, string>> = {
  "mcp_hangar_audit_chain_problems{}": INCIDENT,
  "mcp_hangar_listener_errors_total{}": INCIDENT,
  'mcp_hangar_mcp_server_info{mode="remote"}': LIMIT,
  "mcp_hangar_mcp_server_sessions_max{}": LIMIT,
  "mcp_hangar_metric_series_overflows_total{}": INCIDENT,
  'mcp_hangar_telemetry_dropped_total{signal!="audit", reason!="sampled"}': INCIDENT,
  'mcp_hangar_telemetry_dropped_total{signal="audit", reason!="sampled"}': INCIDENT,
  "nodejs_available_cpus{}": LIMIT,
  "nodejs_heap_size_limit_bytes{}": LIMIT,
  "nodejs_memory_limit_bytes{}": LIMIT,
  "process_max_fds{}": LIMIT,
};

describe("a month", () => {
  let month: readonly MinuteSeries[] = [];
  beforeAll(() => {
    const normal = fleets.find(({ name }) => name === "normal");
    if (normal === undefined) throw new Error("there is no normal fleet");
    month = trafficOf(normal, 30 * DAY);
  });

  test("is lived: whatever a rule selects changes in it, but for what is listed", () => {
    const still = [...selectors]
      .filter(([, { metric }]) => metric.type !== "recorded" && !MADE_BY_PROMETHEUS.includes(metric.name))
      .filter(([, selector]) => foundBy(selector, month).every(isStill));
    const printed = still.map(([selector]) => selector.replace(/job="mcp-hangar"(, )?/, ""));
    expect(printed.toSorted()).toEqual(Object.keys(STILL));
  });

  test("has sound numbers only, and no counter that falls but by a restart", () => {
    const counters = new Set(
      [...selectors.values()].map(({ metric, suffix }) => (metric.type === "gauge" ? "" : `${metric.name}${suffix}`)),
    );
    const starts = month.find(({ name }) => name === runtime.processStartTime.name);
    const startOf = new Map(starts?.values);
    for (const { name, labels, values } of month) {
      const isCounter = counters.has(name);
      let [last, wrong, minuteBefore] = [0, 0, 0];
      for (const [minute, value] of values) {
        if (!Number.isFinite(value) || value < 0) wrong++;
        if (isCounter && value < last && startOf.get(minute) === startOf.get(minuteBefore)) wrong++;
        [last, minuteBefore] = [value, minute];
      }
      expect([name, labels, wrong]).toEqual([name, labels, 0]);
    }
  });

  test("has one clock: what is said to be a time is one of the month, and not later than when it is scraped", () => {
    const times = month.filter(({ name }) => /_time(stamp)?_seconds$/.test(name));
    expect(new Set(times.map(({ name }) => name)).size).toBe(3);
    for (const { name, values } of times) {
      // Of what an exporter has not done yet the time is zero.
      const wrong = [...values].filter(
        ([minute, value]) => value > BEGIN + 60 * minute || (value < BEGIN - 5 && value !== 0),
      );
      expect([name, wrong.slice(0, 3)]).toEqual([name, []]);
    }
  });
});

function isStill({ values }: MinuteSeries): boolean {
  let first: number | undefined;
  for (const [, value] of values) {
    first ??= value;
    if (value !== first) return false;
  }
  return true;
}
