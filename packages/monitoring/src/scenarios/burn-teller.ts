import type { Context } from "../context.ts";
import type {
  AlertRule,
  BurnWindow,
  Scenario,
  ScenarioExpectation,
  ScenarioKind,
  ScenarioSeries,
  Slo,
} from "../model.ts";
import { fromSeconds, toSeconds } from "../promql/duration.ts";
import { burnThreshold } from "../slo/slos.ts";
import { type Burn, type BurnClock, firingSteps } from "./burn.ts";
import type { StorySeries } from "./series.ts";
import { EACH, type SloSeries, sloSeries } from "./slo-series.ts";
import { counterValues, gaugeValues } from "./values.ts";

/** Tells what happens to one burn-rate alert. Times are in evaluations. */
export interface BurnTeller {
  readonly slo: Slo;
  readonly clock: BurnClock;
  readonly long: number;
  readonly short: number;
  readonly wait: number;
  /** How long the recorded rates need to follow. */
  readonly ramp: number;
  /** Samples of a series for one evaluation. */
  readonly samples: number;
  /** A scenario that expects what the definition of the alert says about these stretches. */
  readonly scenario: (kind: ScenarioKind, title: string, burns: readonly Burn[], change?: Change) => Scenario;
  readonly expectation: (step: number, firing: boolean, measured?: number | "nothing") => ScenarioExpectation;
}

interface Change {
  readonly only?: (series: StorySeries) => boolean;
  readonly ending?: string;
  readonly further?: readonly ScenarioSeries[];
  /** Instead of what the definition says. */
  readonly expect?: readonly ScenarioExpectation[];
}

/** The teller for one pair of windows. Windows of days are told in minutes, for nothing happens faster. */
export function burnTeller({ options }: Context, slo: Slo, window: BurnWindow, alert: AlertRule): BurnTeller {
  const evaluation = toSeconds(options.evaluationInterval);
  const step = stepFor(window, evaluation);
  const base = toSeconds(options.burn.baseWindow);
  const sample = step <= base / 2 ? step : greatestCommonDivisor(step, base / 2);
  const isLevel = slo.name === "availability";
  const clock: BurnClock = {
    step,
    long: toSeconds(window.long),
    short: toSeconds(window.short),
    wait: toSeconds(window.for),
    base: isLevel ? 0 : base,
    threshold: burnThreshold(slo, window),
    // The rule takes each evaluation for one evaluation interval, however far apart they are in this story.
    ...(isLevel ? {} : { minimum: { count: window.minimum, each: (EACH / sample) * evaluation } }),
  };
  const series = sloSeries(options)[slo.name];
  const at = (steps: number) => fromSeconds(steps * step);
  const labels = { job: options.jobName, slo: slo.name };
  const expectation: BurnTeller["expectation"] = (steps, firing, measured) => ({
    at: at(steps),
    firing: firing ? [{ job: options.jobName }] : [],
    ...(measured === undefined ? {} : { measured: measured === "nothing" ? [] : [{ labels, value: measured }] }),
  });
  return {
    slo,
    clock,
    long: clock.long / step,
    short: clock.short / step,
    wait: Math.ceil(clock.wait / step),
    ramp: Math.ceil(clock.base / step),
    samples: step / sample,
    expectation,
    scenario: (kind, title, burns, { only = () => true, ending = "", further = [], expect } = {}) => ({
      alert: alert.id,
      kind,
      title,
      interval: fromSeconds(sample),
      ...(step === evaluation ? {} : { every: fromSeconds(step) }),
      series: [
        ...played(burns, series, step / sample, options.jobName, (each) => only(each) && isTold(kind, each), ending),
        ...further,
      ],
      expect: expect ?? changesOf(firingSteps(burns, clock)).map(([steps, firing]) => expectation(steps, firing)),
    }),
  };
}

function played(
  burns: readonly Burn[],
  seriesAt: SloSeries,
  samples: number,
  job: string,
  only: (series: StorySeries) => boolean,
  ending: string,
): readonly ScenarioSeries[] {
  const values = burns.map(({ errorRatio, volume = 1 }) => seriesAt(errorRatio, volume));
  return seriesAt(0, 1).flatMap(({ metric, suffix, kind, labels, ...rest }, index) => {
    if (!only({ metric, suffix, kind, labels, ...rest })) return [];
    const stretches = burns.map(({ steps, restarted = false }, each) => ({
      steps: steps * samples,
      restarted,
      value: values[each]?.[index]?.in.above ?? 0,
    }));
    const text = kind === "counter" ? counterValues(stretches) : gaugeValues(stretches);
    return [{ metric, suffix, labels: { job, ...labels }, values: `${text}${ending}` }];
  });
}

/** The moments just before and at each change, and the end. */
function changesOf(firing: readonly boolean[]): readonly (readonly [step: number, firing: boolean])[] {
  return firing.flatMap((now, step) => {
    const isLast = step === firing.length - 1;
    const changesNext = !isLast && firing[step + 1] !== now;
    const hasChanged = step > 0 && firing[step - 1] !== now;
    return isLast || changesNext || hasChanged ? [[step, now] as const] : [];
  });
}

/** That both instances are added up need not be told again and again: half of everything has the same shares. */
function isTold(kind: ScenarioKind, series: StorySeries): boolean {
  return (
    kind === "fires" ||
    kind === "just below stays silent" ||
    series.kind !== "counter" ||
    series.labels.instance === "a:8000"
  );
}

/** Slow windows are evaluated less often, as far as there are still ten evaluations in the short one. */
function stepFor({ long, short, for: wait }: BurnWindow, evaluation: number): number {
  const fits = (step: number): boolean =>
    step > evaluation &&
    toSeconds(short) / step >= 10 &&
    [long, short, wait].every((duration) => toSeconds(duration) % step === 0);
  return [1_800, 600, 300, 150, 60, 30].find(fits) ?? evaluation;
}

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b);
}
