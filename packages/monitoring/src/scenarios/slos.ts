import type { Context } from "../context.ts";
import type { RecordingRule, Scenario, ScenarioSeries, Topic } from "../model.ts";
import { fromSeconds, toSeconds } from "../promql/duration.ts";
import type { Metric } from "../promql/metric.ts";
import { nodesOf } from "../promql/node.ts";
import { REMEMBERED } from "../slo/indicators.ts";
import { sloRecords } from "../topics/slos.ts";
import { type Burn, firingSteps } from "./burn.ts";
import { type BurnTeller, burnTeller } from "./burn-teller.ts";
import { isBad } from "./slo-series.ts";
import { type Coverage, tell, together } from "./story.ts";
import { exact } from "./values.ts";

/** Budgets that are spent too fast, in every pair of windows. */
export function slos(context: Context, { alerts }: Topic): Coverage {
  return together(
    ...sloRecords(context).flatMap((records) =>
      records.slo.windows.map((window) => {
        const { name } = records.slo;
        const alert = alerts.find(({ labels }) => labels.slo === name && labels.long_window === window.long);
        if (alert === undefined) return { scenarios: [], waivers: [] };
        const teller = burnTeller(context, records.slo, window, alert);
        const [long, short] = [window.long, window.short].map((range) => fromSeconds(toSeconds(range)));
        const read = [long, short].flatMap((range) => (range === undefined ? [] : [records.errorRatio(range)]));
        const seen = long === undefined ? [] : [records.seen(long)];
        const bad = long === undefined ? undefined : records.badEvents(long);
        const scenarios = [
          ...common(teller, others([...read, ...seen, ...(bad === undefined ? [] : [bad])], teller, context)),
          ...(name === "availability" ? ofTime(teller) : ofEvents(teller)),
          ...(name === "availability" && window === records.slo.windows[0] ? [forgotten(teller)] : []),
        ];
        return tell(context, alert, [], { scenarios, waived: name === "availability" ? timeReasons : {} });
      }),
    ),
  );
}

const timeReasons = {
  "no traffic": "It asks whether the gateway can be scraped, not whether it is called.",
  "counter reset": "It reads a gauge of Prometheus, which no restart of the gateway resets.",
} as const;

/** Another job that has the same rules, and another objective of this job, whose budgets are gone. */
function others(
  records: readonly RecordingRule[],
  { slo, long, samples }: BurnTeller,
  { options }: Context,
): readonly ScenarioSeries[] {
  const read = records.flatMap(({ expr }) =>
    [...nodesOf(expr.node)].flatMap((node) => (node.kind === "selector" ? [node.metric] : [])),
  );
  const metrics = new Map([...records.map(({ metric }) => metric), ...read].map((metric) => [metric.name, metric]));
  return [...metrics.values()].flatMap((metric) =>
    [
      { job: "another-job", slo: slo.name },
      { job: options.jobName, slo: "another-slo" },
    ].map((labels) => ({ metric, labels, values: `${isCount(metric) ? 1_000_000 : 1}x${2 * long * samples}` })),
  );
}

function common(teller: BurnTeller, further: readonly ScenarioSeries[]): readonly Scenario[] {
  const { clock, long, short, wait, ramp, scenario } = teller;
  const { threshold } = clock;
  const [beyond, within, double] = [exact(threshold * 1.01), exact(threshold * 0.98), Math.min(1, 1.9 * threshold)];
  const brief = Math.floor((0.95 * threshold * long) / double - ramp / 2);
  const first = Math.min(1, 4 * threshold);
  const beginning = (steps: number): readonly Burn[] => [
    { errorRatio: first, steps },
    { errorRatio: 0, steps: Math.floor(0.2 * long) + short },
  ];
  // Four times too bad, for as long as most of the budget of the long window lasts; recorded rates lag behind in short ones.
  let bad = Math.floor((0.8 * threshold * long) / first);
  while (bad > 0 && firingSteps(beginning(bad), clock).includes(true)) bad--;
  const badBeginning = beginning(bad);
  // After a time without errors, for as long as it takes to fire and a little longer.
  const all: readonly Burn[] = [
    { errorRatio: 0, steps: long },
    { errorRatio: 1, steps: Math.ceil(threshold * long) + ramp + wait + 4 },
  ];
  return [
    scenario("fires", "just beyond the limit, after a time without errors", [
      { errorRatio: 0, steps: long },
      { errorRatio: beyond, steps: long + ramp + wait + 1 },
    ]),
    scenario(
      "fires",
      "everything is bad",
      [
        { errorRatio: 0, steps: long },
        { errorRatio: 1, steps: Math.ceil(threshold * long) + ramp + wait + 1 },
      ],
      { further },
    ),
    scenario(
      "just below stays silent",
      "just below the limit all the time, and others far beyond it",
      [{ errorRatio: within, steps: long + wait }],
      { further },
    ),
    scenario("just below stays silent", "far beyond the limit, but not for long", [
      { errorRatio: 0, steps: long },
      { errorRatio: double, steps: brief },
      { errorRatio: 0, steps: short },
    ]),
    scenario("fires", "everything is bad from the first day on", [
      { errorRatio: 1, steps: Math.ceil(threshold * long) + ramp + wait + 2 },
    ]),
    scenario(
      "just below stays silent",
      "a new installation, whose beginning is bad and then all is well",
      badBeginning,
    ),
    scenario("resolves", "all is well again", [...all, { errorRatio: 0, steps: short + ramp + 2 }]),
    scenario("resolves", "it goes on just below the limit, and the long window still remembers", [
      { errorRatio: double, steps: long },
      { errorRatio: within, steps: short + ramp + 2 },
    ]),
  ];
}

/** Not a share of events or of time, but how many they are. */
function isCount({ name }: Metric): boolean {
  return /:increase\d+[smhdw]$/.test(name);
}

/** What holds only where events are counted. */
function ofEvents(teller: BurnTeller): readonly Scenario[] {
  const { slo, clock, long, short, wait, ramp, scenario, expectation } = teller;
  const within = exact(clock.threshold * 0.98);
  const end = long + wait;
  const { count = 0, each = 1 } = clock.minimum ?? {};
  // So many events that all of a long window are just enough, if all of them are bad.
  const few = count / (each * (long + 1));
  const lead: Burn = { errorRatio: 0, steps: long };
  const bad: Burn = { errorRatio: 1, steps: Math.ceil(clock.threshold * long) + ramp + wait + 4 };
  const stop: Burn = { errorRatio: undefined, steps: short + ramp + 2 };
  const isPart = isBad[slo.name];
  return [
    scenario("fires", "there are few events, and all of them bad: just enough of them", [
      { errorRatio: 0, steps: long, volume: few },
      { errorRatio: 1, steps: end + ramp + 1, volume: exact(few * 1.02) },
    ]),
    scenario("just below stays silent", "there are few events, and all of them bad: not quite enough of them", [
      { errorRatio: 1, steps: 2 * long, volume: exact(few * 0.98) },
    ]),
    scenario("no traffic", "calls stop in the midst of trouble", [lead, bad, stop]),
    scenario("no traffic", "nearly none of them are left, and those fail", [
      { errorRatio: 0, steps: long },
      { errorRatio: 1, steps: end, volume: 1 / 16 },
    ]),
    scenario("idle healthy fleet", "nothing has ever happened", [{ errorRatio: undefined, steps: end }], {
      expect: [expectation(end, false, "nothing")],
    }),
    scenario("missing series", "there is none at all", [], {
      only: () => false,
      expect: [expectation(end, false, "nothing")],
    }),
    scenario("missing series", "nothing of what counts as bad", [{ errorRatio: 0, steps: end }], {
      only: (series) => !isPart(series),
      expect: [expectation(end, false, 0)],
    }),
    scenario("missing series", "they end in the midst of trouble", [lead, bad], {
      ending: " stale",
      expect: [expectation(long + bad.steps, true), expectation(long + bad.steps + stop.steps, false)],
    }),
    scenario("counter reset", "just below the limit", [
      { errorRatio: within, steps: Math.ceil(long / 2) },
      { errorRatio: within, steps: Math.ceil(long / 2) + wait, restarted: true },
    ]),
    scenario("counter reset", "in the midst of trouble", [
      lead,
      { errorRatio: 1, steps: 4 },
      { ...bad, restarted: true },
    ]),
  ];
}

/** What holds only where time is counted. */
function ofTime({ clock, long, wait, scenario, expectation }: BurnTeller): readonly Scenario[] {
  const end = long + wait;
  const gone = Math.ceil(clock.threshold * long) + wait + 1;
  return [
    scenario("idle healthy fleet", "every scrape succeeds", [{ errorRatio: 0, steps: end }], {
      expect: [expectation(end, false, 0)],
    }),
    scenario("missing series", "no gateway was ever seen", [], {
      only: () => false,
      expect: [expectation(end, false, "nothing")],
    }),
    scenario("missing series", "the targets leave service discovery", [{ errorRatio: 0, steps: long }], {
      ending: " stale",
      expect: [expectation(long, false), expectation(long + gone + 1, true)],
    }),
  ];
}

/** A gateway that was removed on purpose is not down for ever. */
function forgotten({ clock, long, short, wait, scenario, expectation }: BurnTeller): Scenario {
  const remembered = toSeconds(REMEMBERED) / clock.step;
  return scenario(
    "missing series",
    "the targets are gone for so long that nobody expects them",
    [{ errorRatio: 0, steps: long }],
    {
      ending: " stale",
      expect: [expectation(long + remembered, true), expectation(long + remembered + short + wait + 2, false)],
    },
  );
}
