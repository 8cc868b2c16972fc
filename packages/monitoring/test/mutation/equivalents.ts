import type { Mutant } from "./mutants.ts";

interface Equivalent {
  readonly isOne: (mutant: Mutant) => boolean;
  readonly reason: string;
}

/** Alerts that fire on any event at all. */
const ANY_EVENT: readonly string[] = [
  "MCPHangarMcpServerStarted",
  "MCPHangarTelemetryExportFailing",
  "MCPHangarAuditRecordsDropped",
  "MCPHangarTelemetryRecordsDropped",
  "MCPHangarListenerErrors",
  "MCPHangarMetricSeriesLimitReached",
  "MCPHangarToolDefinitionsChanged",
];

/** Alerts about Prometheus and Alertmanager that add up. */
const OF_WATCHERS: readonly string[] = ["MCPHangarAlertNotificationsFailing", "MCPHangarRuleEvaluationsFailing"];

/** Mutants that behave like the original, so that no scenario can tell them apart. */
export const equivalents: readonly Equivalent[] = [
  {
    isOne: ({ isErased }) => isErased,
    reason: "its values are multiplied by zero; it is there so that a series exists",
  },
  {
    isOne: ({ alert, what }) => ANY_EVENT.includes(alert) && what === "sum → max",
    reason: "a sum of counts is above zero exactly when the greatest of them is",
  },
  {
    isOne: ({ alert, what }) => OF_WATCHERS.some((each) => alert.startsWith(each)) && what === "sum by without job",
    reason:
      "the rule says the job of the alert itself; it is kept so that further labels of targets are kept beside it",
  },
  {
    isOne: ({ alert, what }) => alert === "MCPHangarTelemetryExportFailing" && what === "max → min",
    reason: "an exporter of one gateway has one time of its last success; the aggregation only drops other labels",
  },
  {
    isOne: ({ alert, what }) => alert === "MCPHangarSessionsNearLimit" && what === "max → min",
    reason:
      "a gateway has one number of sessions in use with a server, and one limit; the aggregation only drops the label of the first",
  },
  {
    isOne: ({ what }) => what === "clamp_min",
    reason: "it takes back rounding errors below zero, which are far too small for any threshold",
  },
  {
    isOne: ({ where, operator }) => where.includes("slo_window:seen") && operator === "guard dropped",
    reason: "before the first look an alert has no share or one of zero, and neither fires; stories of the period tell",
  },
  {
    isOne: ({ where, what }) => where.includes("slo_window:seen") && what === "1 → 1.1",
    reason: "a look at either end makes it one in 144 more than all; a story about the period is that exact",
  },
  {
    isOne: ({ alert, operator }) => alert === "MCPHangarWatchdog" && operator === "number changed",
    reason: "it always fires, and nobody reads its value",
  },
  {
    isOne: ({ where, operator, what }) => where.includes(":") && operator === "scope dropped" && what === "job",
    reason: "jobs stay apart by their label in every recorded series, and alerts select their own",
  },
];
