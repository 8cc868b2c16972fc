const SECONDS = { s: 1, m: 60, h: 3_600, d: 86_400, w: 604_800 } as const;
type Unit = keyof typeof SECONDS;

/** A span of time as Prometheus spells it, with one unit: `30s`, `5m`, `6h`, `30d`. */
export type Duration = `${number}${Unit}`;

/** What Grafana fills in when it runs a query of a dashboard. */
export type GrafanaRange = "$__rate_interval" | "$__interval" | "$__range";

/** The range of a range vector. Rules use durations; panels may leave the choice to Grafana. */
export type Range = Duration | GrafanaRange;

/** The seconds of a duration. Throws a `RangeError` for what Prometheus would not read as one. */
export function toSeconds(duration: Duration): number {
  const [, amount, unit] = /^(\d+)([smhdw])$/.exec(duration) ?? [];
  if (amount === undefined || unit === undefined) {
    throw new RangeError(`"${duration}" is not a duration: write a whole number and one of s, m, h, d, w, such as 5m.`);
  }
  // The expression admits exactly the keys of the table.
  return Number(amount) * SECONDS[unit as Unit];
}

/** The shortest spelling of a whole number of seconds: 300 becomes `5m`. Weeks are not used, for `7d` reads better. */
export function fromSeconds(seconds: number): Duration {
  for (const unit of ["d", "h", "m"] as const) {
    if (seconds > 0 && seconds % SECONDS[unit] === 0) return `${seconds / SECONDS[unit]}${unit}`;
  }
  return `${seconds}s`;
}

/** Whether a range is left to Grafana. */
export function isGrafanaRange(range: Range): range is GrafanaRange {
  return range.startsWith("$");
}
