import { catalog } from "@mcp-hangar/telemetry";
import type { AlertRule, Condition } from "../../model.ts";
import { type Severity, settingKeyOf, type Unit } from "../../names.ts";
import { boundsOf, labelsOf } from "../../promql/analyse.ts";
import { notAbove, notNegative } from "../../promql/functions.ts";
import { nodesOf } from "../../promql/node.ts";
import type { Expression } from "../../promql/vector.ts";
import type { AlertSettings } from "../../settings/alerts.ts";
import { percent } from "../../slo/decimal.ts";
import { limitOf } from "../alert-lines.ts";
import type { Board } from "../board.ts";
import type { PanelDraft, SectionDraft } from "../layout.ts";
import type { Query, Tone, ValueMeaning } from "../model.ts";
import { chart, timeline } from "../panels.ts";
import { breakerStates, flag, serverStates } from "../tones.ts";
import { whyEmpty } from "../why-empty.ts";
import { onBoard } from "./on-board.ts";

/** Ids of panels are part of links, so each alert keeps its own; a new alert takes the next number. */
const PANEL_IDS: Readonly<Record<Exclude<keyof AlertSettings, "Watchdog">, number>> = {
  NotResponding: 1001,
  HighErrorRate: 1002,
  BatchHighFailureRate: 1003,
  CircuitBreakerTripped: 1004,
  ProviderUnhealthy: 1005,
  HighConsecutiveFailures: 1006,
  HealthCheckSlow: 1007,
  HighLatencyP95: 1008,
  HighLatencyP99: 1009,
  HighLatencyByTool: 1010,
  FrequentColdStarts: 1011,
  BatchSlowExecution: 1012,
  BatchHighCancellationRate: 1013,
  BatchSizeTooLarge: 1014,
  GCSlowCycles: 1015,
  HighMemoryUsage: 1016,
  HighCPUUsage: 1017,
  McpServerStarted: 1018,
  HighToolCallVolume: 1019,
  McpServerDead: 1020,
  McpServerDegraded: 1021,
  DiscoverySourceUnhealthy: 1022,
  RemoteServerUnreachable: 1023,
  TelemetryExportFailing: 1024,
  AuditRecordsDropped: 1025,
  ListenerErrors: 1026,
  ConfigReloadFailed: 1027,
  MetricSeriesLimitReached: 1028,
  TelemetryRecordsDropped: 1029,
  HighRequestErrorRate: 1030,
  ToolDefinitionsChanged: 1031,
  HighAccessDenialRate: 1032,
  AuditSinkLagging: 1033,
  AuditJournalFilling: 1034,
  AuditChainBroken: 1035,
  AuditCheckpointOverdue: 1036,
  AuditClockStepped: 1037,
  McpServerFailing: 1038,
  ToolFailing: 1039,
  GatewayFailing: 1040,
  McpServerFlapping: 1041,
  McpServerCrashLooping: 1042,
  GatewayRestarting: 1043,
  MemoryNearLimit: 1044,
  HeapNearLimit: 1045,
  FileDescriptorsNearLimit: 1046,
  EventLoopLagging: 1047,
  GatewayShedsLoad: 1048,
  ClockSkewed: 1049,
  SessionsNearLimit: 1050,
  AlertNotificationsFailing: 1051,
  AlertmanagerUnreachable: 1052,
  RuleEvaluationsFailing: 1053,
  MonitoringConfigNotLoaded: 1054,
};

const PANELS_A_ROW = 3;

/**
 * How near each alert of a severity is: exactly what its rule measures, with its threshold. Burn rates have a board of
 * their own.
 */
export function conditions(
  board: Board,
  {
    severity,
    ...heading
  }: {
    readonly severity: Severity;
    readonly id: number;
    readonly title: string;
    readonly folded?: boolean;
  },
): SectionDraft {
  const panels = board.alerts
    // A panel an alert: variants of it, such as for one server, are on the boards that they link to.
    .filter(({ id, name, ...alert }) => alert.severity === severity && id === name)
    .flatMap((alert) => {
      const key = settingKeyOf(alert.name);
      return key !== undefined && isListed(key) ? [panelOf(board, alert, key)] : [];
    });
  const rows = Array.from({ length: Math.ceil(panels.length / PANELS_A_ROW) }, (_, row) =>
    panels.slice(row * PANELS_A_ROW, (row + 1) * PANELS_A_ROW),
  );
  return { ...heading, rows };
}

function isListed(key: string): key is keyof typeof PANEL_IDS {
  return Object.hasOwn(PANEL_IDS, key);
}

function panelOf(board: Board, alert: AlertRule, key: keyof typeof PANEL_IDS): PanelDraft {
  const [first] = alert.conditions;
  const unit = first?.unit ?? "none";
  // Conditions in other units have panels on the board that the alert links to.
  const shown = alert.conditions.filter((condition) => condition.unit === unit && condition.isMinimum !== true);
  const text = {
    key: `condition-${alert.name}`,
    id: PANEL_IDS[key],
    title: titleOf(key),
    description: `${ruleOf(first)}${minimumText(alert)}${alert.for === "0s" ? "" : `, for ${alert.for}`}.${limitText(alert, board)}`,
    unit,
    queries: shown.map((condition, index) => queryOf(condition, index === 0)),
    drawn: board.draw(unit, key),
    lines: linesOf(shown),
    width: 24 / PANELS_A_ROW,
    height: 7,
    keepsThresholdsInView: true,
    whenEmpty: whyEmptyOf(shown),
  };
  return first?.comparison === "==" ? timeline({ ...text, meanings: meaningsOf(first) }) : chart(text);
}

/** Why there is nothing to measure, by what is measured. */
const REASONS: readonly (readonly [metric: RegExp, why: string])[] = [
  [/^(prometheus|alertmanager)_/, whyEmpty.watchers],
  [/^mcp_hangar_audit_/, whyEmpty.journal],
  [/^mcp_hangar_telemetry_/, "no such exporter is configured"],
  [/^mcp_hangar_discovery_/, whyEmpty.discovery],
  [/^mcp_hangar_batch_/, whyEmpty.batches],
  [/^mcp_hangar_health_check_/, whyEmpty.checks],
  [/^mcp_hangar_tool_/, whyEmpty.calls],
  [/^mcp_hangar_(mcp_server|circuit_breaker)_/, whyEmpty.servers],
  [/^mcp_hangar_(request|access)/, whyEmpty.requests],
];

function whyEmptyOf(conditions: readonly Condition[]): string {
  const names = conditions.flatMap(({ measure }) =>
    [...nodesOf(measure.node)].flatMap((node) => (node.kind === "selector" ? [node.metric.name] : [])),
  );
  return REASONS.find(([metric]) => names.some((name) => metric.test(name)))?.[1] ?? whyEmpty.gateways;
}

/** `HighLatencyP95` as words: `High latency P95`. */
function titleOf(key: string): string {
  const [first = "", ...others] = key.split(/(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])/);
  const words = [first, ...others.map((word) => (/^[A-Z][a-z]/.test(word) ? word.toLowerCase() : word))];
  return words.join(" ").replace(/^Mcp/, "MCP");
}

/** The rule in words; the measure is what is drawn. */
function ruleOf(condition: Condition | undefined): string {
  if (condition === undefined) return "Fires always";
  const { comparison, threshold, unit } = condition;
  if (comparison === "==") {
    const meaning = meaningsOf(condition).find(({ value }) => value === threshold);
    return `Fires while this is "${meaning?.text ?? threshold}"`;
  }
  return `Fires ${comparison === ">=" ? "from" : "above"} ${unit === "percentunit" ? `${percent(threshold)} %` : `${threshold}${SYMBOLS[unit] ?? ""}`}${comparison === ">=" ? " on" : ""}`;
}

/** Of few events a large share tells nothing. */
function minimumText({ conditions: all }: AlertRule): string {
  const minimum = all.find(({ isMinimum }) => isMinimum === true);
  return minimum === undefined ? "" : ` while at least ${minimum.threshold} are bad within the window`;
}

const SYMBOLS: Readonly<Partial<Record<Unit, string>>> = {
  s: " s",
  bytes: " bytes",
  reqps: " a second",
  cps: " a second",
};

function limitText(alert: AlertRule, { options }: Board): string {
  const limit = limitOf(alert, options.alerts);
  if (limit === undefined) return "";
  return ` Shown is the share of what is above ${limit.value}${SYMBOLS[limit.unit] ?? ""}.`;
}

function queryOf(condition: Condition, isFirst: boolean): Query {
  const { measure } = condition;
  const expr = isShare(condition) ? fromNoneToAll(onBoard(measure)) : onBoard(measure);
  const labels = namesOf(measure);
  const series = (labels.length === 0 ? ["job"] : labels).map((label) => `{{${label}}}`).join(" / ");
  return { expr, legend: isFirst ? series : `${series} ${metricOf(measure)}` };
}

/** Rates are estimates, so that a part may come out above its whole, and what is missing to the whole below nothing. */
function fromNoneToAll(share: Expression): Expression {
  return share.node.kind === "binary" && share.node.operator === "-" ? notNegative(share) : notAbove(1, share);
}

/** The labels by which a reader tells the series of a measure apart. */
function namesOf({ node }: Expression): readonly string[] {
  return [...labelsOf(node)].filter((label) => !["job", "service", "tier"].includes(label));
}

/** Servers and the like have each their colour; a share of the whole that alerts look at is one of what is bad. */
function linesOf(conditions: readonly Condition[]): Tone | undefined {
  if (conditions.some(({ measure }) => namesOf(measure).length > 0)) return undefined;
  return conditions.every(isShare) ? "attention" : "neutral";
}

/** Not so the use of CPU, which is no part of a whole that is counted. */
function isShare({ measure, unit }: Condition): boolean {
  return unit === "percentunit" && boundsOf(measure.node)[1] === 1;
}

/** What tells further measures of an alert from its first, whose series are called and coloured as everywhere. */
function metricOf({ node }: Expression): string {
  const [selector] = [...nodesOf(node)].filter((each) => each.kind === "selector");
  return (selector?.metric.name ?? "")
    .replace(/^mcp_hangar_/, "")
    .replace(/_total$/, "")
    .replaceAll("_", " ");
}

function meaningsOf({ measure, unit }: Condition): readonly ValueMeaning[] {
  const names = [...nodesOf(measure.node)].flatMap((each) => (each.kind === "selector" ? [each.metric.name] : []));
  if (names.includes(catalog.serverState.name)) return serverStates;
  if (names.includes(catalog.circuitBreakerState.name)) return breakerStates;
  return unit === "bool" ? flag("OK", "fails") : [];
}
