import {
  AUDIT_ATTRIBUTES as AUDIT,
  type AuditActor,
  type AuditRecord,
  HANGAR_ATTRIBUTES as HANGAR,
  hundredths,
  OTEL_ATTRIBUTES as OTEL,
} from "@mcp-hangar/telemetry";

/** Attributes of a log record; those without a value are left out. */
export type RecordAttributes = Readonly<Record<string, unknown>>;

/** The attributes of an audit record: every field of the schema but time and trace, which have places of their own. */
export function recordAttributes(record: AuditRecord): RecordAttributes {
  const { target, change, batch } = record;
  const common: RecordAttributes = {
    [AUDIT.eventId]: record.id,
    [AUDIT.instance]: record.instance,
    [AUDIT.schemaVersion]: record.schema_version,
    [AUDIT.code]: record.code,
    [AUDIT.category]: record.category,
    [AUDIT.action]: record.action,
    [AUDIT.outcome]: record.outcome,
    [AUDIT.reason]: record.reason,
    [AUDIT.severity]: record.severity,
    [AUDIT.targetKind]: target.kind,
    [AUDIT.targetName]: target.name,
    [AUDIT.before]: change?.before,
    [AUDIT.after]: change?.after,
    [AUDIT.durationMs]: record.duration_ms,
    [AUDIT.message]: record.message,
    [AUDIT.attempts]: record.attempts,
    [AUDIT.requestBytes]: record.request_bytes,
    [AUDIT.responseBytes]: record.response_bytes,
    [HANGAR.batchIndex]: batch?.index,
    [HANGAR.batchAttempt]: batch?.attempt,
    [AUDIT.userSessionId]: record.user_session_id,
    [HANGAR.batchId]: batch?.id,
    [HANGAR.serverId]: target.server,
    [HANGAR.serverGroupId]: target.group,
    [HANGAR.correlationId]: record.correlation_id,
    [HANGAR.userId]: record.user_id,
    [OTEL.rpcResponseStatusCode]: record.rpc_error_code,
    [OTEL.errorType]: errorTypeOf(record),
  };
  return present(
    common,
    actorAttributes(record.actor),
    decisionAttributes(record),
    record.category === "tool" ? toolAttributes(record) : {},
    usageAttributes(record),
    record.category === "request" ? { [OTEL.mcpMethodName]: record.action } : {},
    record.type === "server.state_changed"
      ? { [AUDIT.previousState]: change?.before, [HANGAR.serverState]: change?.after }
      : {},
  );
}

function toolAttributes({ type, target, duration_ms, args_hash }: AuditRecord): RecordAttributes {
  return {
    [HANGAR.toolName]: target.name,
    [HANGAR.toolStatus]: TOOL_STATUSES[type],
    [HANGAR.toolDurationMs]: duration_ms,
    [HANGAR.toolArgsHash]: args_hash,
    [OTEL.mcpMethodName]: "tools/call",
    [OTEL.genAiOperationName]: "execute_tool",
    [OTEL.genAiToolName]: target.name,
  };
}

/** As on spans: the cost in hundredths of the currency. */
function usageAttributes({ usage }: AuditRecord): RecordAttributes {
  if (usage === undefined) return {};
  return {
    [HANGAR.costCents]: hundredths(usage.cost),
    [HANGAR.costCurrency]: usage.currency,
    [HANGAR.costModel]: usage.model,
    [HANGAR.costInputTokens]: usage.input_tokens,
    [HANGAR.costOutputTokens]: usage.output_tokens,
  };
}

/** As on spans: what a policy refuses is blocked, and everything else that is no success and no timeout is an error. */
const TOOL_STATUSES: Readonly<Partial<Record<AuditRecord["type"], string>>> = {
  "tool.call.completed": "success",
  "tool.call.failed": "error",
  "tool.call.timed_out": "timeout",
  "tool.call.denied": "blocked",
  "tool.call.rate_limited": "blocked",
  "tool.call.cancelled": "error",
  "tool.call.invalid": "error",
};

function actorAttributes(actor: AuditActor): RecordAttributes {
  const isCaller = actor.type !== "system" && actor.type !== "unknown";
  return {
    [HANGAR.callerType]: actor.type,
    [HANGAR.callerId]: actor.id,
    [HANGAR.callerRoles]: actor.roles,
    [HANGAR.auditPrincipalType]: actor.type,
    [HANGAR.auditPrincipalId]: actor.id,
    [HANGAR.auditPrincipalRoles]: actor.roles,
    [HANGAR.auditAuthenticated]: isCaller && actor.type !== "anonymous",
    [HANGAR.agentId]: actor.token_actors?.[0],
    [AUDIT.credential]: actor.credential,
    [AUDIT.tokenIssuer]: actor.token_issuer,
    [AUDIT.tokenSubject]: actor.token_subject,
    [AUDIT.tokenActors]: actor.token_actors,
    [AUDIT.clientName]: actor.client_name,
    [AUDIT.clientVersion]: actor.client_version,
    [AUDIT.clientTransport]: actor.transport,
    [OTEL.clientAddress]: actor.address,
    [OTEL.mcpSessionId]: actor.session_id,
    "user_agent.original": actor.user_agent,
  };
}

function decisionAttributes({ decision }: AuditRecord): RecordAttributes {
  if (decision === undefined) return {};
  const isAllowed = decision.result === "allowed";
  return {
    [HANGAR.enforcementPolicyResult]: decision.result,
    [HANGAR.enforcementPolicyName]: decision.by,
    [HANGAR.enforcementAction]: isAllowed ? "allow" : "block",
    [HANGAR.auditAuthorized]: isAllowed,
  };
}

/** As on spans: the code of the server's error, or why it failed in one word. */
function errorTypeOf({ outcome, reason, rpc_error_code: code, type }: AuditRecord): string | undefined {
  if (outcome === "success" || outcome === "unknown") return undefined;
  if (reason === "upstream_error" && code !== undefined) return String(code);
  return reason ?? type.slice(type.lastIndexOf(".") + 1);
}

/** All that have a value, without copies on the way: it runs for every record. */
function present(...drafts: readonly RecordAttributes[]): RecordAttributes {
  const kept: Record<string, unknown> = {};
  for (const draft of drafts) {
    for (const name of Object.keys(draft)) if (draft[name] !== undefined) kept[name] = draft[name];
  }
  return kept;
}
