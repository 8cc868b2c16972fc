import { catalog } from "@mcp-hangar/telemetry";
import type { Context } from "../context.ts";
import { alertRule, when } from "../define.ts";
import type { AlertRule, Topic } from "../model.ts";
import { label, text, value } from "../template.ts";

const dashboard = { uid: "mcp-hangar-telemetry" } as const;

/** Whether the audit trail is whole, signed, on its way and has room. Series exist only where a journal is kept. */
export function audit(context: Context): Topic {
  return {
    name: "audit",
    recordingRules: [],
    alerts: [
      sinkLagging(context),
      journalFilling(context),
      chainBroken(context),
      checkpointOverdue(context),
      clockStepped(context),
    ],
  };
}

function sinkLagging({ options, rules }: Context): AlertRule {
  const setting = options.alerts.AuditSinkLagging;
  const condition = when(rules.series(catalog.auditLag), ">", { threshold: setting.level, unit: "s" });
  return alertRule({
    alert: "AuditSinkLagging",
    setting,
    expr: condition.expr,
    conditions: [condition],
    summary: text`The sink ${label("exporter")} of ${label("instance")} is behind the audit journal`,
    description: text`A record has waited for ${value("duration")} for the sink ${label("exporter")} of ${label("instance")} (${label("job")}). Nothing is lost while the journal has room.`,
    dashboard,
  });
}

function journalFilling({ options, rules }: Context): AlertRule {
  const setting = options.alerts.AuditJournalFilling;
  const condition = when(rules.series(catalog.auditJournalUsed), ">", {
    threshold: setting.level,
    unit: "percentunit",
  });
  return alertRule({
    alert: "AuditJournalFilling",
    setting,
    expr: condition.expr,
    conditions: [condition],
    summary: text`The audit journal of ${label("instance")} has little room left`,
    description: text`${value("percentage")} of the room for the audit journal of ${label("instance")} (${label("job")}) is taken. When it is full, the oldest records are dropped, or with fail_closed calls are refused.`,
    dashboard,
  });
}

function chainBroken({ options, rules }: Context): AlertRule {
  const setting = options.alerts.AuditChainBroken;
  const condition = when(rules.series(catalog.auditChainProblems), ">", { threshold: setting.level, unit: "short" });
  return alertRule({
    alert: "AuditChainBroken",
    setting,
    expr: condition.expr,
    conditions: [condition],
    summary: text`The audit journal of ${label("instance")} is not as it was written`,
    description: text`Places in the audit journal of ${label("instance")} (${label("job")}) that verification has not found as they were written: ${value("number")}. Records were edited, removed or put in another order, or the disk is damaged.`,
    dashboard,
  });
}

function checkpointOverdue({ options, rules }: Context): AlertRule {
  const setting = options.alerts.AuditCheckpointOverdue;
  const condition = when(rules.series(catalog.auditCheckpointOverdue), ">", { threshold: setting.level, unit: "s" });
  return alertRule({
    alert: "AuditCheckpointOverdue",
    setting,
    expr: condition.expr,
    conditions: [condition],
    summary: text`The audit journal of ${label("instance")} is not signed any more`,
    description: text`A checkpoint of the audit journal of ${label("instance")} (${label("job")}) has been overdue for ${value("duration")}. The records since the last one are bound by the chain alone.`,
    dashboard,
  });
}

function clockStepped({ options, rules }: Context): AlertRule {
  const setting = options.alerts.AuditClockStepped;
  const condition = when(rules.series(catalog.auditClockStep), ">", { threshold: setting.level, unit: "s" });
  return alertRule({
    alert: "AuditClockStepped",
    setting,
    expr: condition.expr,
    conditions: [condition],
    summary: text`The clock of ${label("instance")} was set`,
    description: text`The clock that stamps the audit records of ${label("instance")} (${label("job")}) was set by ${value("duration")} within a quarter of an hour. Times of records before and after cannot be compared; their numbers can.`,
    dashboard,
  });
}
