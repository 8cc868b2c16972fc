export { AUDIT_ACTOR_TYPES, type AuditActor } from "./audit-actor.ts";
export { AUDIT_ATTRIBUTES } from "./audit-attributes.ts";
export { isAudited } from "./audit-content.ts";
export {
  AUDIT_CHECKPOINT_REASONS,
  AUDIT_GAP_REASONS,
  type AuditCheckpoint,
  type AuditCheckpointReason,
  type AuditGap,
  type AuditGapReason,
  checkpointRecordOf,
  gapRecordOf,
  INTENT_ID_SUFFIX,
  intentRecordOf,
} from "./audit-journal.ts";
export {
  AUDIT_CAPTURE_OMISSIONS,
  AUDIT_SCHEMA_VERSION,
  AUDIT_TARGET_KINDS,
  type AuditAttempt,
  type AuditCaptured,
  type AuditCaptureOmission,
  type AuditChange,
  type AuditContent,
  type AuditRecord,
  type AuditStamp,
  type AuditTarget,
  auditRecordOf,
  stampedRecord,
} from "./audit-record.ts";
export { AUDIT_RECORD_SCHEMA } from "./audit-schema.ts";
export {
  AUDIT_CATEGORIES,
  AUDIT_OUTCOMES,
  AUDIT_TYPES,
  type AuditCategory,
  type AuditCode,
  type AuditOutcome,
  type AuditType,
} from "./audit-types.ts";
export { auditOriginOf, auditRecordBytes } from "./audit-waiting.ts";
