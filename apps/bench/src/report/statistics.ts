/** The middle value of a list in any order; NaN of an empty one. */
export function median(values: readonly number[]): number {
  return percentile(Float64Array.from(values).sort(), 0.5);
}

/** The value below which this share of an ascending list lies, interpolated; NaN of an empty one. */
export function percentile(ascending: Float64Array, share: number): number {
  if (ascending.length === 0) return Number.NaN;
  const at = (ascending.length - 1) * share;
  const below = ascending[Math.floor(at)] ?? Number.NaN;
  const above = ascending[Math.ceil(at)] ?? below;
  return below + (above - below) * (at - Math.floor(at));
}

/** The mean of ratios: that of two is the same as of their inverses. */
export function geometricMean(ratios: readonly number[]): number {
  return Math.exp(mean(ratios.map(Math.log)));
}

/** The standard error of {@link geometricMean}, as a share of it; NaN of fewer than two. */
export function relativeError(ratios: readonly number[]): number {
  const logs = ratios.map(Math.log);
  const middle = mean(logs);
  const squares = logs.reduce((sum, log) => sum + (log - middle) ** 2, 0);
  return Math.sqrt(squares / (logs.length - 1) / logs.length);
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
