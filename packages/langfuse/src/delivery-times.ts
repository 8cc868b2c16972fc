/** The exporter of observations; that of scores is named after it. */
export const QUEUE_NAME = "langfuse";

/** When records are sent, and how long they are tried to be: the same for observations and scores. */
export const deliveryTimes = {
  /** For others to come along. */
  delayMs: 1_000,
  attemptTimeoutMs: 10_000,
  /** After ten minutes a trace is old news, and those behind it should have their turn. */
  retry: { baseMs: 500, maxMs: 30_000, elapsedMaxMs: 600_000 },
} as const;
