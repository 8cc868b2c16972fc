/** When a batch is sent again, and when it is given up. */
export interface RetryLimits {
  /** Milliseconds that the first wait does not exceed. */
  readonly baseMs: number;
  /** Milliseconds that no wait exceeds, save at the receiver's request. */
  readonly maxMs: number;
  /** Attempts that a batch gets; without it there is no limit. */
  readonly attemptsMax?: number;
  /** Milliseconds after its first attempt in which a batch may be sent again; without it there is no limit. */
  readonly elapsedMaxMs?: number;
}

/** Milliseconds that a receiver can ask for at most: one that asks for a year must not silence an exporter. */
export const RETRY_AFTER_MAX_MS = 300_000;

/**
 * Milliseconds to wait after `failures` failed attempts in a row (at least 1): exponential, capped, with full jitter, so
 * that exporters that failed together do not come back together. The receiver's own request is waited for first.
 */
export function retryDelayMs(
  failures: number,
  { baseMs, maxMs }: RetryLimits,
  random: () => number,
  retryAfterMs = 0,
): number {
  // A large power is Infinity, which the cap brings back; a base of 0 would make NaN of it.
  const capMs = baseMs > 0 ? Math.min(maxMs, baseMs * 2 ** (failures - 1)) : 0;
  const askedMs = Number.isFinite(retryAfterMs) ? Math.min(Math.max(0, retryAfterMs), RETRY_AFTER_MAX_MS) : 0;
  return askedMs + random() * capMs;
}
