import { monitorEventLoopDelay } from "node:perf_hooks";

/** How often the monitor looks, in milliseconds: rarely enough to cost nothing, often enough to see what a call feels. */
const RESOLUTION_MS = 20;

/**
 * After so many looks, ten seconds of them, a new window begins at the next scrape. Starting one with every scrape would
 * let a second scraper see only what happened since the first.
 */
const WINDOW_SAMPLES = 500;

export interface EventLoopLag {
  readonly mean: () => number;
  readonly max: () => number;
  /** `percent` is between 0 and 100. */
  readonly percentile: (percent: number) => number;
  /** Begins a new window if the current one is full; called once a scrape, after reading. */
  readonly roll: () => void;
  readonly close: () => void;
}

/** Watches by how many seconds timers fire late. */
export function watchEventLoopLag(): EventLoopLag {
  const histogram = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  histogram.enable();
  // What is recorded is the time between two looks, the interval included; with no look yet it is no number at all.
  const lag = (nanoseconds: number) =>
    histogram.count === 0 ? 0 : Math.max(0, nanoseconds / 1e9 - RESOLUTION_MS / 1e3);
  return {
    mean: () => lag(histogram.mean),
    max: () => lag(histogram.max),
    percentile: (percent) => lag(histogram.percentile(percent)),
    roll: () => {
      if (histogram.count >= WINDOW_SAMPLES) histogram.reset();
    },
    close: () => {
      histogram.disable();
    },
  };
}
