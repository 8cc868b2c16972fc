/** A straight line through measurements: how much each step adds, and how sure that is. */
export interface Slope {
  readonly perStep: number;
  /** Standard error of `perStep`. */
  readonly error: number;
}

/** Fits a line through values at steps 0, 1, 2 … by least squares. Needs three values at least. */
export function slopeOf(values: readonly number[]): Slope {
  const count = values.length;
  if (count < 3) throw new Error(`${count} values have no slope with an error`);
  const meanX = (count - 1) / 2;
  const meanY = values.reduce((sum, value) => sum + value, 0) / count;
  const spread = values.reduce((sum, _value, x) => sum + (x - meanX) ** 2, 0);
  const perStep = values.reduce((sum, value, x) => sum + (x - meanX) * (value - meanY), 0) / spread;
  const residuals = values.reduce((sum, value, x) => sum + (value - meanY - perStep * (x - meanX)) ** 2, 0);
  return { perStep, error: Math.sqrt(residuals / (count - 2) / spread) };
}
