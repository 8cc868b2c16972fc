import type { Context } from "../context.ts";
import type { AlertRule, Scenario, ScenarioExpectation, ScenarioKind, ScenarioSeries } from "../model.ts";
import { fromSeconds } from "../promql/duration.ts";
import type { StorySeries } from "./series.ts";
import { type Plot, play, type Story, type Timing } from "./story.ts";

/** Every scenario that follows from one way in which an alert comes to fire. */
export function frames(story: Story, timing: Timing, alert: AlertRule, context: Context): readonly Scenario[] {
  const teller = tellerOf(story, timing, alert, context);
  return [fires, staysSilent, resolves, noTraffic, idle, missing, reset]
    .flatMap((frame) => frame(teller))
    .filter(({ kind }) => !(story.except ?? []).includes(kind));
}

interface Which {
  readonly only?: (series: StorySeries) => boolean;
  readonly job?: string;
  /** What counters have at the beginning. */
  readonly from?: number;
}

interface Teller extends Timing {
  readonly story: Story;
  /** When it fires, in steps. */
  readonly fires: number;
  /** The healthy beginning and trouble that lasts until it fires and a little longer. */
  readonly trouble: Plot;
  /** The last bad step. */
  readonly end: number;
  /** The last step of the trouble, at which it has fired already. */
  readonly last: number;
  readonly firing: (step: number) => ScenarioExpectation;
  readonly silent: (step: number) => ScenarioExpectation;
  /** Silent, and a share has no value or, where said, this one. */
  readonly without: (step: number, value?: number) => ScenarioExpectation;
  readonly played: (plot: Plot, which?: Which) => readonly ScenarioSeries[];
  readonly scenario: (
    kind: ScenarioKind,
    title: string,
    series: readonly ScenarioSeries[],
    expect: readonly ScenarioExpectation[],
  ) => Scenario;
}

function tellerOf(story: Story, timing: Timing, alert: AlertRule, { options }: Context): Teller {
  const { step, lead, onset, wait, isEvent } = timing;
  const job = options.jobName;
  const labels = [story.firing].flat().map((own) => ({ job, ...own }));
  const at = (steps: number) => fromSeconds(steps * step);
  const silent = (steps: number): ScenarioExpectation => ({ at: at(steps), firing: [] });
  const bad = isEvent ? 1 : onset + wait + 1;
  return {
    ...timing,
    story,
    fires: lead + onset + wait,
    trouble: [
      { mood: "healthy", steps: lead },
      { mood: "above", steps: bad },
      { mood: "healthy", steps: onset + wait + 1 - bad },
    ],
    end: lead + bad,
    last: lead + onset + wait + 1,
    firing: (steps) => ({ at: at(steps), firing: labels }),
    silent,
    without: (steps, value) => {
      if (story.share === undefined) return silent(steps);
      return { ...silent(steps), measured: value === undefined ? [] : labels.map((own) => ({ labels: own, value })) };
    },
    played: (plot, { only = () => true, from = 0, ...which } = {}) =>
      play(story.series.filter(only).map(elsewhere(which.job)), plot, job, step, from),
    scenario: (kind, title, series, expect) => ({
      alert: alert.id,
      kind,
      title: story.about === undefined ? title : `${story.about}: ${title}`,
      interval: options.evaluationInterval,
      series,
      expect,
    }),
  };
}

/** The same series, of another job if one is given. */
function elsewhere(job: string | undefined): (series: StorySeries) => StorySeries {
  return (series) => (job === undefined ? series : { ...series, job });
}

function fires({ trouble, fires, firing, silent, played, scenario }: Teller): readonly Scenario[] {
  return [scenario("fires", "just beyond the limit", played(trouble), [silent(fires - 1), firing(fires)])];
}

function staysSilent(teller: Teller): readonly Scenario[] {
  const { lead, onset, relief, wait, fires, isEvent, silent, played, scenario } = teller;
  const long = fires + 2;
  const allowed: Plot = [
    { mood: "healthy", steps: lead },
    { mood: "below", steps: isEvent ? 1 : long - lead },
    { mood: "healthy", steps: isEvent ? long - lead - 1 : 0 },
  ];
  // Another gateway in the same Prometheus, which these rules are not about, is in trouble all the time.
  const elsewhere = played([{ mood: "above", steps: long }], { job: "another-job" });
  const within = scenario(
    "just below stays silent",
    "as much as is allowed, and another job in trouble",
    [...played(allowed), ...elsewhere],
    [silent(lead + onset), silent(fires), silent(long)],
  );
  const bad = onset + wait - relief;
  if (isEvent || wait === 0 || bad < 1) return [within];
  const short: Plot = [
    { mood: "healthy", steps: lead },
    { mood: "above", steps: bad },
    { mood: "healthy", steps: relief + 2 },
  ];
  const brief = scenario("just below stays silent", "beyond the limit, but not for long enough", played(short), [
    silent(fires - 1),
    silent(fires),
  ]);
  return [within, brief];
}

function resolves({ trouble, end, relief, firing, silent, played, scenario }: Teller): readonly Scenario[] {
  const plot: Plot = [...trouble, { mood: "healthy", steps: relief + 1 }];
  return [scenario("resolves", "all is well again", played(plot), [firing(end + relief - 1), silent(end + relief)])];
}

function noTraffic(teller: Teller): readonly Scenario[] {
  const { story, trouble, end, fires, reach, isEvent, firing, without, played, scenario } = teller;
  if (story.course.kind === "level") return [];
  const standing = played([{ mood: "idle", steps: fires + reach }], { from: 1_000 });
  const still = scenario("no traffic", "totals of long ago stand still", standing, [
    without(fires),
    without(fires + reach),
  ]);
  if (isEvent) return [still];
  const plot: Plot = [...trouble, { mood: "idle", steps: reach + 1 }];
  // What was tried last is remembered for the window.
  const until = story.course.kind === "silence" ? end + reach - 1 : end;
  return [
    still,
    scenario("no traffic", "calls stop in the midst of trouble", played(plot), [firing(until), without(end + reach)]),
  ];
}

function idle({ fires, lead, reach, without, played, scenario }: Teller): readonly Scenario[] {
  const plot: Plot = [{ mood: "idle", steps: fires + reach }];
  return [
    scenario("idle healthy fleet", "nothing has ever happened", played(plot), [
      without(0),
      without(lead),
      without(fires + reach),
    ]),
  ];
}

function missing(teller: Teller): readonly Scenario[] {
  const { story, trouble, last, fires, reach, firing, silent, without, played, scenario } = teller;
  const plot: Plot = [...trouble, { mood: "healthy", steps: reach + 1 }];
  const gone = played(trouble).map((each) => ({ ...each, values: `${each.values} stale` }));
  const isPart = story.share?.part ?? (() => false);
  const parts = new Set(story.series.filter(isPart).map(nameOf));
  const names = new Set(story.series.map(nameOf));
  // A part of the same metric cannot be without it.
  const lacking = [...names.difference(parts)]
    .filter(() => names.size > 1)
    .map((name) => {
      const series = played(plot, { only: (each) => nameOf(each) !== name });
      return scenario("missing series", `there is no ${name}`, series, [silent(fires)]);
    });
  const partless = scenario(
    "missing series",
    "nothing of what counts as bad",
    played(plot, { only: (each) => !isPart(each) }),
    [without(fires, 0)],
  );
  return [
    scenario("missing series", "there is none at all", [], [without(fires)]),
    scenario("missing series", "they end in the midst of trouble", gone, [firing(last), without(last + reach + 1)]),
    ...lacking,
    ...(story.share?.part === undefined ? [] : [partless]),
  ];
}

function reset(teller: Teller): readonly Scenario[] {
  const { story, lead, onset, wait, fires, isEvent, firing, silent, played, scenario } = teller;
  if (!story.series.some(({ kind }) => kind === "counter")) return [];
  const around = (mood: "below" | "above"): Plot => {
    const first = isEvent ? 1 : Math.ceil(onset / 2);
    return [
      { mood: "healthy", steps: lead },
      { mood, steps: first },
      { mood: isEvent ? "healthy" : mood, steps: onset + wait + 2 - (isEvent ? 0 : first), restarted: true },
    ];
  };
  return [
    scenario("counter reset", "within the limit", played(around("below"), { from: 1_000 }), [
      silent(lead + onset),
      silent(lead + onset + 1),
      silent(fires + 1),
    ]),
    scenario("counter reset", "in the midst of trouble", played(around("above"), { from: 1_000 }), [
      silent(fires - 1),
      firing(fires),
      firing(fires + 1),
    ]),
  ];
}

function nameOf({ metric, suffix }: StorySeries): string {
  return `${metric.name}${suffix}`;
}
