/**
 * Bucket boundaries in seconds. Each threshold of an alert or an SLO on a histogram is an exact boundary of it,
 * because a share over a boundary is exact and a quantile above the top boundary can never be seen.
 */

/** Tool calls and requests to remote servers; thresholds 3 s and 5 s. */
export const LATENCY_SECONDS = [
  0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 3, 5, 10, 30, 60, 120,
] as const;

/**
 * Requests other than tool calls: the boundaries that OpenTelemetry recommends for `mcp.server.operation.duration`, and one below for
 * what is answered from memory.
 */
export const REQUEST_SECONDS = [0.001, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30, 60, 120, 300] as const;

/** Batches may run for 300 s; threshold 30 s. */
export const BATCH_SECONDS = [0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600] as const;

/** Tasks may work for hours. */
export const TASK_SECONDS = [0.1, 1, 5, 10, 30, 60, 300, 600, 1_800, 3_600, 7_200, 21_600, 86_400] as const;

/** Items of a batch, at most 100; threshold 50. */
export const BATCH_ITEMS = [1, 2, 5, 10, 20, 50, 100] as const;

/** Health checks; threshold 5 s. */
export const HEALTH_CHECK_SECONDS = [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30] as const;

/** Starts that may have to download a package first, to 60 s and beyond. */
export const COLD_START_SECONDS = [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120] as const;

/** Discovery asks other systems. */
export const DISCOVERY_SECONDS = [0.005, 0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60] as const;

/** The idle sweep is normally far below a millisecond; threshold 0.5 s. */
export const SWEEP_SECONDS = [0.0001, 0.001, 0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10] as const;
