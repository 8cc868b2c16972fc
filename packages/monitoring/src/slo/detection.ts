import type { BurnWindow, Slo } from "../model.ts";
import { toSeconds } from "../promql/duration.ts";
import { burnThreshold } from "./slos.ts";

/**
 * Seconds from the moment at which this share of events or time begins to be bad until a burn-rate alert fires, after a
 * time without errors. `smoothedSeconds` is the window of the recorded rates, 0 for levels that are recorded as they are.
 * Of few events it takes a while until the minimum of bad ones is met; without `eventsPerSecond` there are always enough.
 * `undefined` if it never fires. Evaluations add up to one interval.
 */
export function detectionSeconds(
  slo: Slo,
  window: BurnWindow,
  errorRatio: number,
  smoothedSeconds: number,
  eventsPerSecond = Number.POSITIVE_INFINITY,
): number | undefined {
  const threshold = burnThreshold(slo, window);
  if (errorRatio <= threshold) return undefined;
  const crossing = (seconds: number): number => {
    // As much must be bad as if all of it were bad for this long.
    const bad = (threshold / errorRatio) * seconds;
    return seconds === smoothedSeconds ? bad : smoothed(bad, smoothedSeconds);
  };
  const long = toSeconds(window.long);
  const isEnough = window.minimum / (eventsPerSecond * errorRatio);
  if (isEnough > long) return undefined;
  const met = smoothed(isEnough, smoothedSeconds);
  return Math.max(crossing(long), crossing(toSeconds(window.short)), met) + toSeconds(window.for);
}

/** A rate rises evenly while its window fills, and is late by half of it from then on. */
function smoothed(seconds: number, window: number): number {
  return seconds >= window / 2 ? seconds + window / 2 : Math.sqrt(2 * window * seconds);
}
