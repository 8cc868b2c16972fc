import type { MetricKey } from "./index.ts";

/**
 * Metrics of the catalog whose cause is not built yet. Each is declared, so that names and labels are settled, but is
 * not exposed with a value that means nothing. The list shrinks to nothing as discovery arrives.
 */
export const PENDING_METRICS = [
  "discoveryServers",
  "discoveryRegistrations",
  "discoveryDeregistrations",
  "discoveryErrors",
  "discoveryCycleDuration",
  "discoverySourceHealthy",
] as const satisfies readonly MetricKey[];
