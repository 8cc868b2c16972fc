import type { BurnWindow, Slo } from "../model.ts";
import { toSeconds } from "../promql/duration.ts";
import { burnThreshold } from "./slos.ts";

/**
 * Seconds from the moment at which this share of events or time begins to be bad until a burn-rate alert fires, after a
 * time without errors. `smoothedSeconds` is the window of the recorded rates, 0 for levels that are recorded as they are.
 * `undefined` if it never fires. Evaluations add up to one interval.
 */
export function detectionSeconds(
  slo: Slo,
  window: BurnWindow,
  errorRatio: number,
  smoothedSeconds: number,
): number | undefined {
  const threshold = burnThreshold(slo, window);
  if (errorRatio <= threshold) return undefined;
  const crossing = (seconds: number): number => {
    // As much must be bad as if all of it were bad for this long.
    const bad = (threshold / errorRatio) * seconds;
    if (seconds === smoothedSeconds) return bad;
    // A rate rises evenly while its window fills, and is late by half of it from then on.
    return bad >= smoothedSeconds / 2 ? bad + smoothedSeconds / 2 : Math.sqrt(2 * smoothedSeconds * bad);
  };
  return Math.max(crossing(toSeconds(window.long)), crossing(toSeconds(window.short))) + toSeconds(window.for);
}
