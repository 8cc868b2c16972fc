/** Cancels a timer; harmless when the timer has fired or was cancelled before. */
export type CancelTimer = () => void;

/** Time as an argument. The clock of `@mcp-hangar/core` fits, and `testing/` has one that a test moves by hand. */
export interface Clock {
  /** Monotonic milliseconds with fractions; only differences mean something. */
  nowMs(): number;
  /** Milliseconds since the epoch. */
  wallMs(): number;
  /** Runs `callback` once after `delayMs`. */
  schedule(delayMs: number, callback: () => void): CancelTimer;
  /** Runs `callback` once the input that has arrived by now is handled. */
  defer(callback: () => void): void;
}
