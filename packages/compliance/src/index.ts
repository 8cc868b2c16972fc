export type { AuditEntry, JournalPlace } from "./audit-entry.ts";
export type { AuditFormat } from "./format.ts";
export * from "./journal/index.ts";
export type { AuditSink, SinkEntry } from "./sink.ts";
