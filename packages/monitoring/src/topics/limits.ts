import { catalog } from "@mcp-hangar/telemetry";
import type { Context } from "../context.ts";
import { alertRule, when } from "../define.ts";
import type { AlertRule } from "../model.ts";
import { by, max } from "../promql/aggregate.ts";
import { runtime } from "../promql/external.ts";
import { clockSkew, rate } from "../promql/functions.ts";
import { portion } from "../promql/operators.ts";
import { percent } from "../slo/decimal.ts";
import { label, type Template, text, value } from "../template.ts";

/** What a gateway runs into: the ends of its memory, heap and file descriptors, its one thread, its limits towards clients, its clock. */
export function limits(context: Context): readonly AlertRule[] {
  return [
    memory(context),
    heap(context),
    fileDescriptors(context),
    sessions(context),
    eventLoop(context),
    shedding(context),
    clock(context),
  ];
}

/** By the container's limit, where two gigabytes may be little or more than there is. */
function memory(context: Context): AlertRule {
  return nearLimit(context, "MemoryNearLimit", {
    used: runtime.processResidentMemory,
    most: runtime.memoryLimit,
    summary: text`MCP Hangar on ${label("instance")} has nearly all of its memory`,
    has: "has had",
    of: "of the memory that its container or its machine has",
    end: "At 100 % the kernel kills it, without a last word in its log.",
    panel: "memory-share",
  });
}

function heap(context: Context): AlertRule {
  return nearLimit(context, "HeapNearLimit", {
    used: runtime.heapUsed,
    most: runtime.heapLimit,
    summary: text`The JavaScript heap of ${label("instance")} is nearly full`,
    has: "has used",
    of: "of the heap that Node.js may have",
    end: "Node.js ends the process when it is full, and collects garbage all the time before.",
    panel: "heap",
  });
}

function fileDescriptors(context: Context): AlertRule {
  return nearLimit(context, "FileDescriptorsNearLimit", {
    used: runtime.processOpenFds,
    most: runtime.processMaxFds,
    summary: text`MCP Hangar on ${label("instance")} has nearly all of its files open`,
    has: "has had",
    of: "of the files and sockets open that it may open",
    end: "At 100 % it takes no connection and starts no server.",
    panel: "file-descriptors-share",
  });
}

type Used = (typeof runtime)["processResidentMemory" | "heapUsed" | "processOpenFds"];
type Most = (typeof runtime)["memoryLimit" | "heapLimit" | "processMaxFds"];

/** Something of which a process has nearly all that it may have. */
interface NearLimit {
  readonly used: Used;
  readonly most: Most;
  readonly summary: Template<"instance">;
  /** The words around the share in the description. */
  readonly has: string;
  readonly of: string;
  /** What happens when all of it is taken. */
  readonly end: string;
  /** On the dashboard of telemetry. */
  readonly panel: string;
}

function nearLimit(
  { options, rules }: Context,
  alert: "MemoryNearLimit" | "HeapNearLimit" | "FileDescriptorsNearLimit",
  { used, most, summary, has, of, end, panel }: NearLimit,
): AlertRule {
  const setting = options.alerts[alert];
  const taken = portion(rules.series(used), rules.series(most));
  const condition = when(taken, ">", { threshold: setting.share, unit: "percentunit" });
  return alertRule({
    alert,
    setting,
    expr: condition.expr,
    conditions: [condition],
    summary,
    description: text`The process of ${label("job")} on ${label("instance")} ${has} ${value("percentage")} ${of}, for ${setting.for}; the limit is ${percent(setting.share)} %. ${end}`,
    dashboard: { uid: "mcp-hangar-telemetry", panel },
  });
}

/** On each gateway, because each has its own pool. */
function sessions({ options, rules }: Context): AlertRule {
  const setting = options.alerts.SessionsNearLimit;
  const each = by("job", "instance", "mcp_server");
  const inUse = max(rules.series(catalog.serverSessions, { use: "in_use" }), each);
  const taken = portion(inUse, max(rules.series(catalog.serverSessionsMax), each));
  const condition = when(taken, ">", { threshold: setting.share, unit: "percentunit" });
  return alertRule({
    alert: "SessionsNearLimit",
    setting,
    expr: condition.expr,
    conditions: [condition],
    summary: text`${label("mcp_server")} has hardly a session left for others`,
    description: text`${value("percentage")} of the sessions that ${label("instance")} (${label("job")}) may have with ${label("mcp_server")} have been in use for ${setting.for}; the limit is ${percent(setting.share)} % of max_sessions. At 100 % requests of further callers are refused.`,
    dashboard: { uid: "mcp-hangar-mcp-server-details", variables: ["mcp_server"], panel: "sessions-share" },
  });
}

function eventLoop({ options, rules }: Context): AlertRule {
  const setting = options.alerts.EventLoopLagging;
  const condition = when(rules.series(runtime.eventLoopLagP99), ">", { threshold: setting.level, unit: "s" });
  return alertRule({
    alert: "EventLoopLagging",
    setting,
    expr: condition.expr,
    conditions: [condition],
    summary: text`The event loop of ${label("instance")} comes ${value("duration")} late`,
    description: text`The one thread of the process of ${label("job")} on ${label("instance")} has come ${value("duration")} late in one of a hundred turns, for ${setting.for}; the limit is ${setting.level} s. Every call and every health check waits as long.`,
    dashboard: { uid: "mcp-hangar-overview", panel: "event-loop-lag" },
  });
}

/** Calls that a rate limit or a policy refuses are the caller's; these the gateway cannot take. */
function shedding({ options, rules }: Context): AlertRule {
  const setting = options.alerts.GatewayShedsLoad;
  const shed = rate(rules.series(catalog.loadShed), setting.window);
  const condition = when(shed, ">", { threshold: setting.perSecond, unit: "cps" });
  return alertRule({
    alert: "GatewayShedsLoad",
    setting,
    expr: condition.expr,
    conditions: [condition],
    summary: text`MCP Hangar on ${label("instance")} refuses what it has no room for (${label("reason")})`,
    description: text`Over ${setting.window}, the gateway of ${label("job")} on ${label("instance")} has refused or ended ${value("number")} requests, answers or connections a second because of its limit ${label("reason")}; the alert begins above ${setting.perSecond}.`,
    dashboard: { uid: "mcp-hangar-telemetry", panel: "load-shed-rate" },
  });
}

function clock({ options, rules }: Context): AlertRule {
  const setting = options.alerts.ClockSkewed;
  const condition = when(clockSkew(rules.series(runtime.clock)), ">", { threshold: setting.level, unit: "s" });
  return alertRule({
    alert: "ClockSkewed",
    setting,
    expr: condition.expr,
    conditions: [condition],
    summary: text`The clock of ${label("instance")} is ${value("duration")} off`,
    description: text`The clocks of the gateway of ${label("job")} on ${label("instance")} and of Prometheus have been ${value("duration")} apart for ${setting.for}; the limit is ${setting.level} s. Tokens are refused or live too long, and times of records are wrong.`,
    dashboard: { uid: "mcp-hangar-telemetry", panel: "clock-skew" },
  });
}
