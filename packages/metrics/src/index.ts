export { CONTENT_TYPES, type ExpositionFormat } from "./exposition/format.ts";
export { negotiateFormat } from "./exposition/negotiate.ts";
export type { Scraper } from "./first-increases.ts";
export type { ToolLimits } from "./known-names.ts";
export { createMetrics, type Exposition, type Metrics, type MetricsOptions, type RenderRequest } from "./metrics.ts";
