import type {
  CircuitBreakerStateChanged,
  ServerRegistered,
  ServerStartFinished,
  ServerStateChanged,
  ServerStopped,
  ServerToolsChanged,
  ServerUnregistered,
} from "../events.ts";
import { milliseconds } from "../fact-text.ts";
import type { BreakerStateName, ServerStateName } from "../vocabulary.ts";
import { auditActor, SYSTEM_ACTOR } from "./audit-actor.ts";
import type { AuditContent } from "./audit-record.ts";
import {
  AUDIT_LIST_MAX,
  AUDIT_MESSAGE_CHARS_MAX,
  AUDIT_WORD_CHARS_MAX,
  auditText,
  optionalText,
  present,
} from "./audit-text.ts";

type ServerEvent =
  | ServerRegistered
  | ServerUnregistered
  | ServerStateChanged
  | ServerStartFinished
  | ServerStopped
  | ServerToolsChanged
  | CircuitBreakerStateChanged;

const STATE_SEVERITIES: Readonly<Record<ServerStateName, number>> = {
  cold: 2,
  initializing: 2,
  ready: 2,
  degraded: 6,
  dead: 8,
};
const BREAKER_SEVERITIES: Readonly<Record<BreakerStateName, number>> = { closed: 3, half_open: 3, open: 6 };
/** Severity of a crash, and of tools that were only added: what agents used is as it was. */
const CRASHED = 7;
const TOOLS_ADDED = 4;

/** What the record of something that became of a server says; `undefined` for a start that succeeded, which its state tells. */
export function serverContent(event: ServerEvent): AuditContent | undefined {
  const common = { actor: SYSTEM_ACTOR, target: { kind: "server", server: auditText(event.server) } } as const;
  switch (event.type) {
    case "server.registered": {
      const { caller, origin, source } = event;
      return {
        ...common,
        ...(caller !== undefined && { actor: auditActor(caller) }),
        type: "server.registered",
        action: "register",
        outcome: "success",
        reason: origin,
        ...present({ message: optionalText(source, AUDIT_MESSAGE_CHARS_MAX) }),
      };
    }
    case "server.unregistered":
      return { ...common, type: "server.removed", action: "unregister", outcome: "success" };
    case "server.state_changed": {
      const { from, to, cause } = event;
      return {
        ...common,
        type: "server.state_changed",
        action: "change_state",
        outcome: to === "dead" || to === "degraded" ? "failure" : "success",
        severity: STATE_SEVERITIES[to],
        change: { before: from, after: to },
        ...present({ reason: optionalText(cause, AUDIT_WORD_CHARS_MAX) }),
      };
    }
    case "server.start_finished": {
      if (event.result === "success") return undefined;
      return {
        ...common,
        type: "server.start_failed",
        action: "start",
        outcome: "failure",
        duration_ms: milliseconds(event.durationSeconds),
        ...present({ message: optionalText(event.diagnosis, AUDIT_MESSAGE_CHARS_MAX) }),
      };
    }
    case "server.stopped": {
      const { reason, message } = event;
      const isCrash = reason === "crashed";
      return {
        ...common,
        type: "server.stopped",
        action: "stop",
        outcome: isCrash ? "failure" : "success",
        reason,
        ...(isCrash && { severity: CRASHED }),
        ...present({ message: optionalText(message, AUDIT_MESSAGE_CHARS_MAX) }),
      };
    }
    case "server.tools_changed": {
      const { total, changes } = event;
      const first = changes.slice(0, AUDIT_LIST_MAX).map(({ tool, change, digest }) => `${change} ${tool} ${digest}`);
      return {
        ...common,
        type: "server.tools_changed",
        action: "change_tools",
        outcome: "success",
        ...(total.changed + total.removed === 0 && { severity: TOOLS_ADDED }),
        change: {
          after: auditText(
            `${total.added} added, ${total.removed} removed, ${total.changed} changed: ${first.join(", ")}`,
            AUDIT_MESSAGE_CHARS_MAX,
          ),
        },
      };
    }
    case "circuit_breaker.state_changed": {
      const { from, to } = event;
      return {
        ...common,
        type: "server.breaker_changed",
        action: "change_breaker",
        outcome: to === "open" ? "failure" : "success",
        severity: BREAKER_SEVERITIES[to],
        change: { before: from, after: to },
      };
    }
  }
}
