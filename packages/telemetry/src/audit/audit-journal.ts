import type { Intent } from "../journal.ts";
import { auditActor, SYSTEM_ACTOR } from "./audit-actor.ts";
import { targetKindOf } from "./audit-call.ts";
import { type AuditRecord, type AuditStamp, type AuditTarget, stampedRecord } from "./audit-record.ts";
import { AUDIT_WORD_CHARS_MAX, auditText, optionalText, present } from "./audit-text.ts";
import type { AuditType } from "./audit-types.ts";

/**
 * Why records are missing from a journal. `queue_full`: the disk did not take them in time. `rejected`: they could not be written down. `shutdown`: the
 * process ended before the disk took them. `damaged`: they were written, and cannot be read any more. `crash`: the process ended with an unknown number of them in memory.
 * `retention`: they were old enough to be removed. `size`: they made room for newer ones.
 */
export const AUDIT_GAP_REASONS = [
  "queue_full",
  "rejected",
  "shutdown",
  "damaged",
  "crash",
  "retention",
  "size",
] as const;
export type AuditGapReason = (typeof AUDIT_GAP_REASONS)[number];

/** Which records are missing from a journal: by number where they had one, by time where they never did. */
export interface AuditGap {
  readonly reason: AuditGapReason;
  /** Absent where nobody knows. */
  readonly count?: number;
  /** Sequence numbers of the first and the last that is missing. */
  readonly from?: number;
  readonly to?: number;
  /** When the first and the last was lost that never had a number: ISO 8601 in UTC. */
  readonly since?: string;
  readonly until?: string;
}

/** When a journal signs: after it was opened, while it is written, and as its last record. */
export const AUDIT_CHECKPOINT_REASONS = ["opened", "interval", "closed"] as const;
export type AuditCheckpointReason = (typeof AUDIT_CHECKPOINT_REASONS)[number];

/** Where a journal stands, signed. */
export interface AuditCheckpoint {
  /** Identity of the journal, which it has from its first record on. */
  readonly journal: string;
  /** The record before this one; 0 before the first. */
  readonly sequence: number;
  /** Its SHA-256 in hexadecimal, which covers everything before; 64 times 0 before the first. */
  readonly hash: string;
  readonly reason: AuditCheckpointReason;
  /** Identity of the key. */
  readonly key: string;
  /** Ed25519 in base64url over the record by RFC 8785 without this field. */
  readonly signature: string;
}

/** What the id of an intent has after the id of what is intended, so that receivers do not take the two for one event. */
export const INTENT_ID_SUFFIX = ".intent";

const INTENT_TYPES: Readonly<Record<Intent["kind"], AuditType>> = {
  call: "tool.call.intended",
  request: "request.intended",
  operation: "operation.intended",
};

/** The record of what is about to be done: its end is unknown until the record with the id without suffix. `timeMs` since the epoch. */
export function intentRecordOf(intent: Intent, instance: string, timeMs: number): AuditRecord {
  const { id, kind, method, server, subject, caller, client } = intent;
  return stampedRecord(
    {
      type: INTENT_TYPES[kind],
      action: kind === "call" ? "call" : auditText(method, AUDIT_WORD_CHARS_MAX),
      outcome: "unknown",
      reason: "intended",
      actor: auditActor(caller, client),
      target: {
        kind: intentTarget(kind, method),
        ...present({ server: optionalText(server), name: optionalText(subject) }),
      },
    },
    { id: `${id}${INTENT_ID_SUFFIX}`, instance },
    timeMs,
  );
}

function intentTarget(kind: Intent["kind"], method: string): AuditTarget["kind"] {
  if (kind === "call") return "tool";
  return kind === "operation" ? "management" : targetKindOf(method);
}

/** Reasons that are as they were wished. */
const PLANNED: ReadonlySet<AuditGapReason> = new Set(["retention"]);
const PLANNED_SEVERITY = 2;

/** The record that says what is missing from a journal. */
export function gapRecordOf(gap: AuditGap, stamp: AuditStamp, timeMs: number): AuditRecord {
  return stampedRecord(
    {
      type: "audit.gap",
      action: "journal",
      outcome: PLANNED.has(gap.reason) ? "success" : "failure",
      reason: gap.reason,
      ...(PLANNED.has(gap.reason) && { severity: PLANNED_SEVERITY }),
      actor: SYSTEM_ACTOR,
      target: { kind: "journal" },
      gap,
      message: gapMessage(gap),
    },
    stamp,
    timeMs,
  );
}

/** The record that says where a journal stands; without a signature it is what is signed. The stamp names the journal's gateway. */
export function checkpointRecordOf(
  checkpoint: Omit<AuditCheckpoint, "signature"> & Partial<AuditCheckpoint>,
  stamp: AuditStamp,
  timeMs: number,
): AuditRecord {
  const { journal, sequence, hash, reason } = checkpoint;
  return stampedRecord(
    {
      type: "audit.checkpoint",
      action: "journal",
      outcome: "success",
      reason,
      actor: SYSTEM_ACTOR,
      target: { kind: "journal", name: journal },
      // The unsigned form is signed and never leaves; every other one has its signature.
      checkpoint: checkpoint as AuditCheckpoint,
      // In words as well, so that formats without a field for it anchor the journal all the same.
      message: `journal ${journal} stands at record ${sequence} with SHA-256 ${hash}`,
    },
    stamp,
    timeMs,
  );
}

function gapMessage({ reason, count, from, to, since, until }: AuditGap): string {
  const which = from === undefined ? "" : `, number ${from} to ${to}`;
  const when = since === undefined ? "" : `, lost from ${since} to ${until}`;
  return `${count ?? "an unknown number of"} records are missing${which}${when}: ${reason}`;
}
