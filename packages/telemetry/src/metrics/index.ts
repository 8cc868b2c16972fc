import * as access from "./access.ts";
import * as audit from "./audit.ts";
import * as batches from "./batches.ts";
import type { MetricDefinition } from "./define.ts";
import * as discovery from "./discovery.ts";
import * as gateway from "./gateway.ts";
import * as health from "./health.ts";
import * as requests from "./requests.ts";
import * as servers from "./servers.ts";
import * as tasks from "./tasks.ts";
import * as toolCalls from "./tool-calls.ts";
import * as transports from "./transports.ts";

/** Every metric of MCP Hangar, keyed by a short name. The exporter interprets it, the monitoring generator reads it. */
export const catalog = {
  ...toolCalls,
  ...requests,
  ...tasks,
  ...batches,
  ...health,
  ...servers,
  ...discovery,
  ...transports,
  ...access,
  ...audit,
  ...gateway,
} as const satisfies Readonly<Record<string, MetricDefinition>>;

export type Catalog = typeof catalog;
export type MetricKey = keyof Catalog;
export type MetricName = Catalog[MetricKey]["name"];
