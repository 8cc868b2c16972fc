import type { OperationFinished } from "../events.ts";
import { milliseconds } from "../fact-text.ts";
import { FORBIDDEN_OPERATION, type OperationEffect, type OperationOutcome } from "../vocabulary.ts";
import { auditActor } from "./audit-actor.ts";
import type { AuditContent, AuditTarget } from "./audit-record.ts";
import { AUDIT_MESSAGE_CHARS_MAX, AUDIT_WORD_CHARS_MAX, auditText, optionalText, present } from "./audit-text.ts";
import type { AuditType } from "./audit-types.ts";

/** The outcome of an operation that did what it was asked for. */
const DONE = "done";
/** Severity of an operation that was done. */
const SEVERITIES: Readonly<Record<OperationEffect, number>> = { read: 1, change: 4, destroy: 5 };

/** Operations that have a type of their own when they are done, because auditors ask for them by name; and what they are done to. */
const OWN_TYPES: Readonly<Record<string, Done | undefined>> = {
  createKey: { type: "key.created", kind: "key" },
  revokeKey: { type: "key.revoked", kind: "key" },
  approveDiscovered: { type: "server.approved", kind: "server" },
  rejectDiscovered: { type: "server.rejected", kind: "server" },
};

interface Done {
  readonly type: AuditType;
  readonly kind: Extract<AuditTarget["kind"], "key" | "server">;
}

/** What the record of a finished operation of the management says. */
export function operationContent(event: OperationFinished): AuditContent {
  const { operation, effect, target, outcome, change, caller, client, trace } = event;
  const isDone = outcome === DONE;
  const own = isDone ? OWN_TYPES[operation] : undefined;
  return {
    ...(own === undefined ? endOf(outcome) : { type: own.type, outcome: "success" }),
    action: auditText(operation, AUDIT_WORD_CHARS_MAX),
    ...(own === undefined && isDone && { severity: SEVERITIES[effect] }),
    ...(!isDone && { reason: auditText(outcome, AUDIT_WORD_CHARS_MAX) }),
    actor: auditActor(caller, client),
    target: targetOf(own?.kind, optionalText(target)),
    ...present({
      trace_id: optionalText(trace?.traceId, AUDIT_WORD_CHARS_MAX),
      span_id: optionalText(trace?.spanId, AUDIT_WORD_CHARS_MAX),
      change: change && {
        ...present({
          before: optionalText(change.before, AUDIT_MESSAGE_CHARS_MAX),
          after: optionalText(change.after, AUDIT_MESSAGE_CHARS_MAX),
        }),
      },
    }),
    duration_ms: milliseconds(event.durationSeconds),
  };
}

/** A server stands where filters look for servers. */
function targetOf(kind: Done["kind"] | undefined, target: string | undefined): AuditTarget {
  if (kind === "server") return { kind, ...present({ server: target }) };
  return { kind: kind ?? "management", ...present({ name: target }) };
}

function endOf(outcome: OperationOutcome): Pick<AuditContent, "type" | "outcome"> {
  if (outcome === DONE) return { type: "operation.completed", outcome: "success" };
  if (outcome === "rate_limited") return { type: "operation.rate_limited", outcome: "denied" };
  if (FORBIDDEN_OPERATION.includes(outcome)) return { type: "operation.denied", outcome: "denied" };
  return { type: "operation.failed", outcome: "failure" };
}
