import type { OperationFinished } from "../events.ts";
import { milliseconds } from "../fact-text.ts";
import { FORBIDDEN_OPERATION, type OperationEffect, type OperationOutcome } from "../vocabulary.ts";
import { auditActor } from "./audit-actor.ts";
import type { AuditContent } from "./audit-record.ts";
import { AUDIT_MESSAGE_CHARS_MAX, AUDIT_WORD_CHARS_MAX, auditText, optionalText, present } from "./audit-text.ts";

/** The outcome of an operation that did what it was asked for. */
const DONE = "done";
/** Severity of an operation that was done. */
const SEVERITIES: Readonly<Record<OperationEffect, number>> = { read: 1, change: 4, destroy: 5 };

/** What the record of a finished operation of the management says. */
export function operationContent(event: OperationFinished): AuditContent {
  const { operation, effect, target, outcome, change, caller, client } = event;
  const isDone = outcome === DONE;
  return {
    ...endOf(outcome),
    action: auditText(operation, AUDIT_WORD_CHARS_MAX),
    ...(isDone ? { severity: SEVERITIES[effect] } : { reason: auditText(outcome, AUDIT_WORD_CHARS_MAX) }),
    actor: auditActor(caller, client),
    target: { kind: "management", ...present({ name: optionalText(target) }) },
    ...present({
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

function endOf(outcome: OperationOutcome): Pick<AuditContent, "type" | "outcome"> {
  if (outcome === DONE) return { type: "operation.completed", outcome: "success" };
  if (outcome === "rate_limited") return { type: "operation.rate_limited", outcome: "denied" };
  if (FORBIDDEN_OPERATION.includes(outcome)) return { type: "operation.denied", outcome: "denied" };
  return { type: "operation.failed", outcome: "failure" };
}
