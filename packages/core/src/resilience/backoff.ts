/** How fast waits grow, and how far. */
export interface BackoffLimits {
  /** Milliseconds of the first wait, before jitter. */
  readonly baseMs: number;
  /** Milliseconds that no wait exceeds. */
  readonly maxMs: number;
  /** Growth from wait to wait; 2 unless told. */
  readonly factor?: number;
}

/**
 * Milliseconds to wait after failure number `attempt` (from 1): exponential, capped, with equal jitter.
 * Half of the wait is fixed, so that nobody retries at once; the other half is spread by `random()`, uniform in [0, 1),
 * so that those who failed together do not come back together.
 */
export function backoffMs(attempt: number, limits: BackoffLimits, random: () => number): number {
  // At a large attempt the power is Infinity, which the cap brings back; without a base it would be NaN.
  const growth = (limits.factor ?? 2) ** Math.max(0, attempt - 1);
  const capMs = limits.baseMs > 0 ? Math.min(limits.maxMs, limits.baseMs * growth) : 0;
  return capMs / 2 + (capMs / 2) * random();
}
