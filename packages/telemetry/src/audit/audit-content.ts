import type { HangarEvent, HangarEventOf, HangarEventType } from "../events.ts";
import { milliseconds } from "../fact-text.ts";
import { auditActor, SYSTEM_ACTOR, unknownActor } from "./audit-actor.ts";
import { callContent, requestContent, taskContent } from "./audit-call.ts";
import { operationContent } from "./audit-operation.ts";
import type { AuditDraft } from "./audit-record.ts";
import { serverContent } from "./audit-server.ts";
import { AUDIT_MESSAGE_CHARS_MAX, AUDIT_WORD_CHARS_MAX, auditText, optionalText, present } from "./audit-text.ts";

/** What auditors hear of each type of event; `undefined` for those that say nothing to them. */
type Contents = {
  readonly [Type in HangarEventType]: ((event: HangarEventOf<Type>) => AuditDraft | undefined) | undefined;
};

const CONTENTS: Contents = {
  "call.finished": callContent,
  "request.finished": requestContent,
  "task.finished": taskContent,
  "operation.finished": operationContent,
  "access.denied": ({ door, reason, permission, caller, remoteAddress }) => ({
    type: "access.denied",
    action: "access",
    outcome: "denied",
    reason,
    actor: {
      ...(caller === undefined ? unknownActor(remoteAddress) : auditActor(caller)),
      ...present({ address: optionalText(remoteAddress, AUDIT_WORD_CHARS_MAX) }),
    },
    target: { kind: "interface", name: door },
    ...present({ decision: permission === undefined ? undefined : { result: "denied" as const, by: permission } }),
  }),
  "authentication.succeeded": ({ door, caller, client }) => ({
    type: "authentication.succeeded",
    action: "authenticate",
    outcome: "success",
    actor: auditActor(caller, client),
    target: { kind: "interface", name: door },
  }),
  "authentication.failed": ({ door, reason, remoteAddress }) => ({
    type: "authentication.failed",
    action: "authenticate",
    outcome: "failure",
    reason: auditText(reason, AUDIT_WORD_CHARS_MAX),
    actor: unknownActor(remoteAddress),
    target: { kind: "interface", name: door },
  }),
  "session.opened": ({ sessionId, caller, client }) => ({
    type: "session.opened",
    action: "open",
    outcome: "success",
    actor: auditActor(caller, client),
    target: { kind: "session", name: auditText(sessionId) },
  }),
  "session.closed": ({ sessionId, reason, caller, durationSeconds }) => ({
    type: "session.closed",
    action: "close",
    outcome: "success",
    reason,
    actor: { ...auditActor(caller), session_id: auditText(sessionId) },
    target: { kind: "session", name: auditText(sessionId) },
    duration_ms: milliseconds(durationSeconds),
  }),
  "server.registered": serverContent,
  "server.unregistered": serverContent,
  "server.state_changed": serverContent,
  "server.start_finished": serverContent,
  "server.stopped": serverContent,
  "server.tools_changed": serverContent,
  "circuit_breaker.state_changed": serverContent,
  "config.reloaded": ({ result, trigger, caller, message }) => ({
    type: result === "success" ? "configuration.reloaded" : "configuration.reload_failed",
    action: "reload",
    outcome: result,
    reason: trigger,
    actor: caller === undefined ? SYSTEM_ACTOR : auditActor(caller),
    target: { kind: "configuration" },
    ...present({ message: optionalText(message, AUDIT_MESSAGE_CHARS_MAX) }),
  }),
  "gateway.started": ({ version }) => ({
    type: "gateway.started",
    action: "start",
    outcome: "success",
    actor: SYSTEM_ACTOR,
    target: { kind: "gateway", name: auditText(version) },
  }),
  "gateway.stopped": ({ uptimeSeconds }) => ({
    type: "gateway.stopped",
    action: "stop",
    outcome: "success",
    actor: SYSTEM_ACTOR,
    target: { kind: "gateway" },
    duration_ms: milliseconds(uptimeSeconds),
  }),
  // Each of its calls has a record.
  "batch.finished": undefined,
  // What they lead to has a record: states, registrations, starts.
  "health_check.finished": undefined,
  "discovery.cycle_finished": undefined,
  "idle_sweep.finished": undefined,
  "server.tools_listed": undefined,
  "server.list_faulty": undefined,
  "upstream_request.finished": undefined,
};

/** Whether events of a type have audit records; for exporters that want to do nothing for others. */
export function isAudited(type: HangarEventType): boolean {
  return CONTENTS[type] !== undefined;
}

/** What the record of an event says; `undefined` when it has none. */
export function auditContent(event: HangarEvent): AuditDraft | undefined {
  // Each function stands under the type of the events it takes.
  const contentOf = CONTENTS[event.type] as ((event: HangarEvent) => AuditDraft | undefined) | undefined;
  return contentOf?.(event);
}
