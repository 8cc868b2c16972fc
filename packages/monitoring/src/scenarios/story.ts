import type { Context } from "../context.ts";
import type { AlertRule, Scenario, ScenarioKind, ScenarioSeries, ScenarioWaiver } from "../model.ts";
import { ALERT_PREFIX } from "../names.ts";
import { type Duration, toSeconds } from "../promql/duration.ts";
import { frames } from "./frames.ts";
import type { Mood, StorySeries } from "./series.ts";
import { clockValues, counterValues, gaugeValues, type Stretch, skewedValues, tidy } from "./values.ts";

/**
 * How an expression follows the world.
 * - `average`: what happened within a window is put in relation or summed up; all of the window has to be bad
 * - `event`: a single step counts as long as it lies within the window
 * - `level`: a gauge as it is, or with `held` its greatest value within that time
 * - `silence`: nothing has succeeded for a time, while events within a window tell that it was tried
 */
export type Course =
  | { readonly kind: "average"; readonly window: Duration }
  | { readonly kind: "event"; readonly window: Duration }
  | { readonly kind: "level"; readonly held?: Duration }
  | { readonly kind: "silence"; readonly silence: Duration; readonly window: Duration };

type Labels = Readonly<Record<string, string>>;

/** One way in which an alert comes to fire. */
export interface Story {
  /** What happens, to tell several stories of one alert apart. */
  readonly about?: string;
  readonly course: Course;
  readonly series: readonly StorySeries[];
  /** The labels of the firing alert beside the job, or those of each of several that fire at the same time. */
  readonly firing: Labels | readonly Labels[];
  /** The alert is about a share: without traffic it has no value, and while this part has no series, it is 0. */
  readonly share?: { readonly part?: (series: StorySeries) => boolean };
  /** Kinds that are told in another way than all other alerts. */
  readonly except?: readonly ScenarioKind[];
}

/** The scenarios of a topic, and why some are missing. */
export interface Coverage {
  readonly scenarios: readonly Scenario[];
  readonly waivers: readonly ScenarioWaiver[];
}

/** Steps of the evaluation, counted from the end of the healthy beginning. */
export interface Timing {
  /** Seconds of one step. */
  readonly step: number;
  /** How long all is well first, so that windows are filled with it. */
  readonly lead: number;
  /** From the end of the beginning to the first evaluation that finds the expression true. */
  readonly onset: number;
  /** From the last bad step to the first evaluation that finds it false. */
  readonly relief: number;
  /** How often the expression is found true before the alert fires, less one. */
  readonly wait: number;
  /** The longest range that the expression reads. */
  readonly reach: number;
  /** A single bad step is the whole trouble. */
  readonly isEvent: boolean;
}

/** What the world does in a scenario. */
export type Plot = readonly { readonly mood: Mood; readonly steps: number; readonly restarted?: boolean }[];

/** All scenarios of one alert, and why kinds are left out. The reasons of the story come before those of its course. */
export function tell(
  context: Context,
  alert: AlertRule | undefined,
  stories: readonly Story[],
  further: { readonly scenarios?: readonly Scenario[]; readonly waived?: Partial<Record<ScenarioKind, string>> } = {},
): Coverage {
  if (alert === undefined) return { scenarios: [], waivers: [] };
  const scenarios = [
    ...stories.flatMap((story) => frames(story, timingOf(story.course, alert, context), alert, context)),
    ...(further.scenarios ?? []),
  ];
  const kinds = new Set(scenarios.map(({ kind }) => kind));
  const reasons = Object.entries({ ...levelReasons, ...further.waived }) as [ScenarioKind, string][];
  const waivers = reasons
    .filter(([kind]) => !kinds.has(kind))
    .map(([kind, reason]) => ({ alert: alert.id, kind, reason }));
  return { scenarios, waivers };
}

/** The scenarios of several alerts together. */
export function together(...coverages: readonly Coverage[]): Coverage {
  return {
    scenarios: coverages.flatMap(({ scenarios }) => scenarios),
    waivers: coverages.flatMap(({ waivers }) => waivers),
  };
}

/** Stories of averages and events have these kinds by themselves. */
const levelReasons: Partial<Record<ScenarioKind, string>> = {
  "no traffic": "It reads levels that do not depend on calls, so that a fleet without traffic is the idle fleet.",
  "counter reset": "It reads gauges as they are; a restart takes no total back.",
};

/** The alert of a topic with this key or, of an own one, name, or a variant of it, unless the settings have switched it off. */
export function alertNamed(alerts: readonly AlertRule[], key: string, variant?: string): AlertRule | undefined {
  const ids = [key, `${ALERT_PREFIX}${key}`].map((name) => (variant === undefined ? name : `${name}:${variant}`));
  return alerts.find(({ id }) => ids.includes(id));
}

/** The next values below and above a threshold: so near that an average over the window crosses it only when it is full. */
export function around(
  threshold: number,
  window: Duration,
  context: Context,
): { readonly below: number; readonly above: number } {
  const margin = Math.min(0.01, stepOf(context) / toSeconds(window) / 2);
  return { below: tidy(threshold * (1 - margin)), above: tidy(threshold * (1 + margin)) };
}

/** How many events there are at every step, and the shares of them that are bad, just below and above a limit. */
export interface Shares {
  readonly each: number;
  readonly below: number;
  readonly above: number;
}

/** So many events that their number does not matter, and shares around the limit of the alert. */
function manyEvents(limit: number, window: Duration, context: Context): Shares {
  return { each: 10_000, ...around(limit, window, context) };
}

/** A share far beyond the limit, of so few events that over the whole window it is the minimum, or not quite. */
function fewEvents(limit: number, minimum: number, window: Duration, context: Context): Shares {
  const steps = toSeconds(window) / stepOf(context);
  const share = (1 + limit) / 2;
  return { each: minimum / share / steps, ...around(share, window, context) };
}

/** Both of them, for an alert that asks for a share and for a number; `tell` makes the story of each. */
export function inShares(
  limit: number,
  { window, minimum }: { readonly window: Duration; readonly minimum: number },
  context: Context,
  tell: (shares: Shares) => Story,
): readonly Story[] {
  const many = tell(manyEvents(limit, window, context));
  if (minimum <= 0) return [many];
  const few = tell(fewEvents(limit, minimum, window, context));
  return [many, { ...few, about: [...(few.about === undefined ? [] : [few.about]), "few events"].join(", ") }];
}

/** Seconds between two evaluations. */
export function stepOf({ options }: Context): number {
  return toSeconds(options.evaluationInterval);
}

/** From Prometheus 3 on a sample that is just as old as a range is long is not in it. */
function rangesAreLeftOpen({ options }: Context): boolean {
  return Number(options.minimumPrometheus.split(".")[0]) >= 3;
}

/** The series of a plot as promtool reads them. */
export function play(
  series: readonly StorySeries[],
  plot: Plot,
  job: string,
  step: number,
  from = 0,
): readonly ScenarioSeries[] {
  return series.map(({ metric, suffix, kind, labels, in: levels, job: own = job }) => {
    const stretches = plot.map(({ mood, ...stretch }): Stretch => ({ ...stretch, value: levels[mood] }));
    const values = {
      counter: () => counterValues(stretches, from),
      gauge: () => gaugeValues(stretches),
      clock: () => clockValues(stretches, step),
      skewed: () => skewedValues(stretches, step),
    }[kind]();
    return { metric, suffix, labels: { job: own, ...labels }, values };
  });
}

function timingOf(course: Course, alert: AlertRule, context: Context): Timing {
  const step = stepOf(context);
  const steps = (duration: Duration): number => Math.ceil(toSeconds(duration) / step);
  // What a range reaches back to: series are sampled when they are evaluated, so that the oldest sample lies at its beginning.
  const reached = (range: Duration): number => steps(range) - (rangesAreLeftOpen(context) ? 1 : 0);
  const wait = steps(alert.for);
  switch (course.kind) {
    case "average": {
      const window = reached(course.window);
      return { step, wait, lead: window, onset: window, relief: 1, reach: window, isEvent: false };
    }
    case "event": {
      const window = reached(course.window);
      return { step, wait, lead: window, onset: 1, relief: window, reach: window, isEvent: true };
    }
    case "level": {
      const held = course.held === undefined ? 0 : reached(course.held);
      return { step, wait, lead: held + 4, onset: 1, relief: held + 1, reach: held, isEvent: false };
    }
    case "silence": {
      const window = reached(course.window);
      // More than the limit, not as much.
      const onset = Math.floor(toSeconds(course.silence) / step) + 1;
      return { step, wait, lead: window, onset, relief: 1, reach: window, isEvent: false };
    }
  }
}
