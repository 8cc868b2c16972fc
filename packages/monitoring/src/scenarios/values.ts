/** A stretch of time in which a series does the same thing at every step. */
export interface Stretch {
  readonly steps: number;
  /** By how much a counter grows at every step; the level that a gauge has. */
  readonly value: number;
  /** The process has restarted just before: a counter begins again at zero. */
  readonly restarted?: boolean;
}

/**
 * The values of a counter in promtool's notation: one at time zero, then one a step. promtool adds the growth up; it is
 * rounded to what does not lose a bit thereby, for a total that falls by a rounding error looks like a restart.
 */
export function counterValues(stretches: readonly Stretch[], from = 0): string {
  let total = from;
  const parts = [print(total)];
  for (const { steps, restarted, ...stretch } of stretches) {
    if (steps <= 0) continue;
    const value = exact(stretch.value);
    if (restarted === true) total = 0;
    const first = total + value;
    total += value * steps;
    if (steps === 1) parts.push(print(first));
    else parts.push(value === 0 ? `${print(first)}x${steps - 1}` : `${print(first)}+${print(value)}x${steps - 1}`);
  }
  return parts.join(" ");
}

/** The values of a gauge in promtool's notation: at time zero it has the level of the first stretch. */
export function gaugeValues(stretches: readonly Stretch[]): string {
  const first = stretches[0]?.value ?? 0;
  const parts = stretches.flatMap(({ steps, value }, index) => {
    const count = index === 0 ? steps + 1 : steps;
    if (count <= 0) return [];
    return [count === 1 ? print(value) : `${print(value)}x${count - 1}`];
  });
  return parts.length === 0 ? print(first) : parts.join(" ");
}

/** The values of a timestamp that is the present in stretches of value 1, and the last of these in others. */
export function clockValues(stretches: readonly Stretch[], stepSeconds: number): string {
  let now = 0;
  let shown = 0;
  const parts = ["0"];
  for (const { steps, value } of stretches) {
    if (steps <= 0) continue;
    if (value === 1) parts.push(`${now + stepSeconds}+${stepSeconds}x${steps - 1}`);
    else parts.push(`${shown}x${steps - 1}`);
    now += steps * stepSeconds;
    if (value === 1) shown = now;
  }
  return parts.join(" ");
}

/** The values of a clock that in each stretch is so many seconds before the present, or after it. */
export function skewedValues(stretches: readonly Stretch[], stepSeconds: number): string {
  let now = 0;
  const parts = [String(stretches[0]?.value ?? 0)];
  for (const { steps, value } of stretches) {
    if (steps <= 0) continue;
    parts.push(`${now + stepSeconds + value}+${stepSeconds}x${steps - 1}`);
    now += steps * stepSeconds;
  }
  return parts.join(" ");
}

/** Without the noise of binary fractions, which would make a test file unreadable. */
export function tidy(value: number): number {
  return Number(value.toPrecision(12));
}

/** The nearest number of fifteen binary digits, which is exact for whole numbers up to thirty-two thousand. */
export function exact(value: number): number {
  if (value === 0) return 0;
  const unit = 2 ** (Math.floor(Math.log2(Math.abs(value))) - 14);
  return Math.round(value / unit) * unit;
}

/** Without an exponent, which promtool reads, but people do not. */
function print(value: number): string {
  const text = String(value);
  return text.includes("e") ? value.toFixed(20).replace(/\.?0+$/, "") : text;
}

/** The last value of a series in promtool's notation; `undefined` if it has ended by then. */
export function finalValue(values: string): number | undefined {
  const last = values.trim().split(/\s+/).at(-1) ?? "";
  const [, first, growth, times] = /^(-?[\d.]+)([+-][\d.]+)?(?:x(\d+))?$/.exec(last) ?? [];
  return first === undefined ? undefined : Number(first) + Number(growth ?? 0) * Number(times ?? 0);
}
