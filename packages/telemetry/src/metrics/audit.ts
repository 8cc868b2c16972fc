import type { AuditJournalSnapshot, GatewaySnapshot } from "../snapshot.ts";
import { gauge, nameOf } from "./define.ts";

export const auditLag = gauge({
  name: "mcp_hangar_audit_lag_seconds",
  help: "Age of the oldest record of the audit journal that a sink has not had; 0 when it has all.",
  labels: { exporter: nameOf("exporter") },
  read: ({ audit }) => audit?.lags.map(({ exporter, seconds }) => ({ labels: { exporter }, value: seconds })) ?? [],
});

export const auditJournalUsed = gauge({
  name: "mcp_hangar_audit_journal_used_ratio",
  help: "Share of the room for the audit journal that is taken: of its limit, or of the disk where that has less.",
  labels: {},
  read: (snapshot) => ofJournal(snapshot, ({ used }) => used),
});

export const auditChainProblems = gauge({
  name: "mcp_hangar_audit_chain_problems",
  help: "Records of the audit journal that are not as they were written, as far as the last verification has come.",
  labels: {},
  read: (snapshot) => ofJournal(snapshot, ({ chainProblems }) => chainProblems),
});

export const auditCheckpointOverdue = gauge({
  name: "mcp_hangar_audit_checkpoint_overdue_seconds",
  help: "For how long a signed checkpoint of the audit journal has been overdue; 0 when it is not.",
  labels: {},
  read: (snapshot) => ofJournal(snapshot, ({ checkpointOverdueSeconds }) => checkpointOverdueSeconds),
});

export const auditClockStep = gauge({
  name: "mcp_hangar_audit_clock_step_seconds",
  help: "By how much the clock that stamps audit records was set within the last quarter of an hour.",
  labels: {},
  read: (snapshot) => ofJournal(snapshot, ({ clockStepSeconds }) => clockStepSeconds),
});

function ofJournal({ audit }: GatewaySnapshot, valueIn: (journal: AuditJournalSnapshot) => number) {
  return audit?.journal === undefined ? [] : [{ labels: {}, value: valueIn(audit.journal) }];
}
