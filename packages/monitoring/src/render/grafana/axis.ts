import type { Panel } from "../../dashboards/model.ts";

/** Room above the highest threshold, so that its line is not the edge. */
const ROOM = 1.25;

/**
 * How far an axis reaches at least. Without it Grafana draws nothing but zeros up to 100, or to 10 000 %. Durations, bytes
 * and volumes differ by orders of magnitude between installations, so theirs follow the values.
 */
export function axisTop({ unit, thresholds, keepsThresholdsInView }: Panel): number | undefined {
  const highest = Math.max(0, ...thresholds.map(({ value }) => value)) * ROOM;
  if (keepsThresholdsInView && highest > 0) return highest;
  switch (unit) {
    case "percentunit":
    case "short":
    case "none":
      return highest > 0 ? highest : 1;
    case "cps":
      return highest > 0 ? highest : 0.1;
    case "ops":
    case "reqps":
      return 0.1;
    default:
      return undefined;
  }
}
