import { type Duration, fromSeconds, toSeconds } from "../promql/duration.ts";
import type { AlertSettings } from "./alerts.ts";

/** Samples that the shortest windows have to hold; `range-long-enough` asks for as many. */
const SAMPLES = 4;
/** A condition that a held sample keeps up has to last longer than that, by so many seconds. */
const SPARE_SECONDS = 60;

/**
 * The default settings for another scrape interval: what is shorter than a few scrapes is stretched, and waits with it.
 * At the default interval, and at shorter ones, nothing changes. What a caller sets is left as it is, and checked.
 */
export function atPace(alerts: AlertSettings, scrapeInterval: Duration): AlertSettings {
  const scrape = toSeconds(scrapeInterval);
  const least = (duration: Duration, seconds: number): Duration =>
    toSeconds(duration) >= seconds ? duration : fromSeconds(seconds);
  const { CircuitBreakerTripped: tripped, McpServerDead: dead, NotResponding } = alerts;
  const openWithin = least(tripped.openWithin, SAMPLES * scrape);
  const window = least(dead.window, SAMPLES * scrape);
  return {
    ...alerts,
    // One scrape that fails is seen for a whole interval.
    NotResponding: { ...NotResponding, for: least(NotResponding.for, 2 * scrape) },
    CircuitBreakerTripped: {
      ...tripped,
      openWithin,
      window: least(tripped.window, toSeconds(openWithin) + 2 * SPARE_SECONDS),
      for: least(tripped.for, toSeconds(openWithin) + SPARE_SECONDS),
    },
    McpServerDead: { ...dead, window, for: least(dead.for, toSeconds(window) + SPARE_SECONDS) },
  };
}
