import type { MetricKey } from "./index.ts";

/**
 * Metrics of the catalog whose cause is not built yet. Each is declared, so that names and labels are settled, but is
 * not exposed with a value that means nothing. At the moment there are none.
 */
export const PENDING_METRICS: readonly MetricKey[] = [];
