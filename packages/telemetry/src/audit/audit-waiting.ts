import type { AuditRecord } from "./audit-record.ts";

/** Bytes that any record takes in memory, roughly, and each attempt in it. */
const RECORD_BYTES = 1_500;
const ATTEMPT_BYTES = 100;

/** Bytes that a record takes in memory while it waits, roughly: texts of any length count, everything else is about as large in each. */
export function auditRecordBytes({ message = "", change, attempts = [] }: AuditRecord): number {
  const texts = message.length + (change?.before?.length ?? 0) + (change?.after?.length ?? 0);
  return RECORD_BYTES + texts + ATTEMPT_BYTES * attempts.length;
}

/**
 * Whose a record is when its origin can make any number of them: in a full queue a flood of refused requests drives out its own records
 * first. `undefined` for what was allowed, and for what only the gateway itself makes.
 */
export function auditOriginOf({ type, category, outcome, actor }: AuditRecord): string | undefined {
  const isRefusal =
    outcome === "denied" || (category === "authentication" && outcome !== "success") || type.endsWith(".invalid");
  return isRefusal ? `${type} ${actor.credential ?? ""} ${actor.address ?? ""}` : undefined;
}
