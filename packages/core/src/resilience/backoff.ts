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
 * Milliseconds of wait number `attempt` (the first is 0): exponential, capped, with equal jitter.
 * Half of the wait is fixed, so that nobody retries at once; the other half is spread by `random()`, uniform in [0, 1),
 * so that those who failed together do not come back together.
 */
export function backoffMs(attempt: number, limits: BackoffLimits, random: () => number): number {
  // A large attempt makes the power Infinity, which the cap brings back; with a base of 0 it would make NaN.
  const growth = (limits.factor ?? 2) ** Math.max(0, attempt);
  const capMs = limits.baseMs > 0 ? Math.min(limits.maxMs, limits.baseMs * growth) : 0;
  return capMs / 2 + (capMs / 2) * random();
}
