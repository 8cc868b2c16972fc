import type { Attempt } from "../call-course.ts";
import { type CallFacts, callFacts } from "../call-facts.ts";
import type { CallFinished, RequestFinished, TaskFinished } from "../events.ts";
import { milliseconds } from "../fact-text.ts";
import { type RequestFacts, requestFacts } from "../request-facts.ts";
import { type TaskFacts, taskFacts } from "../task-facts.ts";
import { auditActor } from "./audit-actor.ts";
import type { AuditAttempt, AuditDraft, AuditTarget, AuditUsage } from "./audit-record.ts";
import {
  AUDIT_LIST_MAX,
  AUDIT_MESSAGE_CHARS_MAX,
  AUDIT_WORD_CHARS_MAX,
  auditName,
  auditText,
  cutText,
  optionalText,
  present,
} from "./audit-text.ts";
import type { AuditOutcome } from "./audit-types.ts";
import { Remembered } from "./remembered.ts";

/** What the record of a finished tool call says. */
export function callContent(event: CallFinished): AuditDraft {
  const facts = callFacts(event);
  const { decision, batch } = facts;
  const end = endOf(facts);
  return {
    ...endContent(facts, end),
    type: `tool.call.${end}`,
    action: "call",
    actor: auditActor(facts.caller, facts.client),
    target: callTarget(event, facts),
    decision: decision && { result: decision.result, by: auditName(decision.by) },
    correlation_id: cutText(facts.correlationId),
    user_id: cutText(facts.userId),
    user_session_id: cutText(facts.sessionId),
    usage: usageContent(facts),
    batch: batch && { id: auditText(batch.id), index: batch.index, attempt: batch.attempt },
  };
}

/** By the name of the tool. */
const remembered = new Remembered<{
  readonly server: string;
  readonly group: string | undefined;
  readonly target: AuditTarget;
}>();

/** Records of calls to the same tool share a target. */
function callTarget({ server, group, tool }: CallFinished, facts: CallFacts): AuditTarget {
  // What callers have typed is of any number.
  if (server === undefined || tool === undefined) return targetOf(facts);
  const found = remembered.get(tool);
  if (found !== undefined && found.server === server && found.group === group) return found.target;
  const target = Object.freeze(targetOf(facts));
  remembered.set(tool, { server, group, target });
  return target;
}

function targetOf(facts: CallFacts): AuditTarget {
  return {
    kind: "tool",
    ...present({
      server: optionalText(facts.server),
      group: optionalText(facts.group),
      name: cutText(facts.tool),
    }),
  };
}

function usageContent({ usage, model }: CallFacts): AuditUsage | undefined {
  if (usage === undefined) return undefined;
  const { cost, currency, inputTokens: input_tokens, outputTokens: output_tokens } = usage;
  return present({ cost, currency, model: cutText(model), input_tokens, output_tokens });
}

/** What the record of another finished request says. */
export function requestContent(event: RequestFinished): AuditDraft {
  const facts = requestFacts(event);
  const end = endOf(facts);
  return {
    ...endContent(facts, end),
    type: `request.${end}`,
    action: facts.method,
    actor: auditActor(facts.caller, facts.client),
    target: {
      kind: targetKindOf(facts.method),
      ...present({ server: optionalText(facts.knownServer), name: cutText(facts.subject) }),
    },
  };
}

/** What the record of the end of a task says. */
export function taskContent(event: TaskFinished): AuditDraft {
  const facts = taskFacts(event);
  const end = endOf(facts);
  return {
    ...endContent(facts, end),
    // Whatever else it may be called, a task that has not succeeded has failed.
    type: `tool.task.${end === "completed" || end === "timed_out" || end === "cancelled" ? end : "failed"}`,
    action: "task",
    actor: auditActor(facts.caller, facts.client),
    target: {
      kind: "tool",
      ...present({
        server: optionalText(event.server),
        group: optionalText(facts.group),
        name: cutText(facts.tool),
      }),
    },
  };
}

type Facts = CallFacts | RequestFacts | TaskFacts;
type End = "completed" | "failed" | "timed_out" | "denied" | "rate_limited" | "cancelled" | "invalid";

function endOf({ status, cause }: Facts): End {
  switch (status) {
    case "success":
      return "completed";
    case "error":
      return "failed";
    case "timeout":
      return "timed_out";
    case "cancelled":
      return "cancelled";
    case "rejected":
      if (cause === "rate_limited") return "rate_limited";
      return cause === "access_denied" || cause === "unauthenticated" ? "denied" : "invalid";
  }
}

const OUTCOMES: Readonly<Record<End, AuditOutcome>> = {
  completed: "success",
  failed: "failure",
  timed_out: "failure",
  denied: "denied",
  rate_limited: "denied",
  cancelled: "cancelled",
  invalid: "failure",
};

/** What calls and other requests have in common. */
function endContent(facts: Facts, end: End): Pick<AuditDraft, "outcome"> & Partial<AuditDraft> {
  const { trace, attempts, resultType } = facts;
  // A task or a question is an answer, but not the end of what was asked for.
  const isOpen = resultType !== undefined && resultType !== "complete";
  return {
    outcome: isOpen ? "unknown" : OUTCOMES[end],
    reason: isOpen ? resultType : facts.cause,
    trace_id: optionalText(trace?.traceId, AUDIT_WORD_CHARS_MAX),
    span_id: optionalText(trace?.spanId, AUDIT_WORD_CHARS_MAX),
    duration_ms: facts.durationMs,
    attempts: attempts.length === 0 ? undefined : attempts.slice(0, AUDIT_LIST_MAX).map(auditAttempt),
    request_bytes: sumOf(attempts, "requestBytes"),
    response_bytes: sumOf(attempts, "responseBytes"),
    rpc_error_code: facts.rpcErrorCode,
    message: cutText(facts.summary, AUDIT_MESSAGE_CHARS_MAX),
  };
}

function auditAttempt({
  server,
  code,
  waitedSeconds,
  coldStartSeconds = 0,
  upstreamSeconds = 0,
}: Attempt): AuditAttempt {
  const seconds = waitedSeconds + coldStartSeconds + upstreamSeconds;
  return { server: auditName(server), code, duration_ms: milliseconds(seconds) };
}

/** Bytes of all attempts; `undefined` when no message went that way. */
function sumOf(attempts: readonly Attempt[], field: "requestBytes" | "responseBytes"): number | undefined {
  let sum: number | undefined;
  for (const { [field]: bytes } of attempts) if (bytes !== undefined) sum = (sum ?? 0) + bytes;
  return sum;
}

/** What kind of thing a request of MCP is about, by its method. */
export function targetKindOf(method: string): AuditTarget["kind"] {
  switch (method) {
    case "resources/read":
    case "resources/subscribe":
    case "resources/unsubscribe":
      return "resource";
    case "prompts/get":
    case "completion/complete":
      return "prompt";
    case "tools/list":
    case "prompts/list":
    case "resources/list":
    case "resources/templates/list":
      return "list";
    default:
      return "gateway";
  }
}
