/** What clocks are corrected by in the course of things, in ms; beyond it, somebody has set the clock. */
const STEP_MS = 60_000;

/**
 * The time by which entries are too old. When the clock is set forward, what was written before seems older than it is, and would
 * be deleted at once: time is held back then by as much, for as long as any of it may still be young enough. After that all of
 * it is rightly too old, and the clock is right for what came since.
 */
export class RetentionTime {
  readonly #maxAgeMs: number;
  #wallMs: number | undefined;
  #steadyMs = 0;
  #heldBackMs = 0;
  #heldUntilMs = Number.NEGATIVE_INFINITY;

  constructor(maxAgeMs: number) {
    this.#maxAgeMs = maxAgeMs;
  }

  /** The time to judge ages by, at a time of day and a time of a clock that nobody can set, in ms. */
  at(wallMs: number, steadyMs: number): number {
    const step = this.#wallMs === undefined ? 0 : wallMs - this.#wallMs - (steadyMs - this.#steadyMs);
    this.#wallMs = wallMs;
    this.#steadyMs = steadyMs;
    if (steadyMs >= this.#heldUntilMs) this.#heldBackMs = 0;
    if (step >= STEP_MS) {
      this.#heldBackMs += step;
      this.#heldUntilMs = steadyMs + this.#maxAgeMs;
    } else if (step <= -STEP_MS) {
      // Most likely the step before was wrong, and this takes it back.
      this.#heldBackMs = Math.max(0, this.#heldBackMs + step);
    }
    return wallMs - this.#heldBackMs;
  }
}
