export { CONTENT_TYPES, type ExpositionFormat } from "./exposition/format.ts";
export { negotiateFormat } from "./exposition/negotiate.ts";
export { createMetrics, type Exposition, type Metrics, type MetricsOptions } from "./metrics.ts";
