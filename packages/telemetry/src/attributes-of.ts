import { HANGAR_ATTRIBUTES as HANGAR, OTEL_ATTRIBUTES as OTEL } from "./attributes.ts";
import type { Attempt, Decision } from "./call-course.ts";
import type { CallFacts } from "./call-facts.ts";
import type { OperationFinished } from "./events.ts";
import { factName } from "./fact-text.ts";
import type { Caller, Client } from "./participants.ts";
import type { RequestFacts } from "./request-facts.ts";
import type { OperationStart, SpanAttributes } from "./tracer.ts";

type Value = SpanAttributes[string];
/** Attributes by name; those without a value are left out before anybody sees them. */
type Draft = Readonly<Record<string, Value | undefined>>;

/**
 * The attributes of a finished call or request, for spans and log records. What is not known is left out. Texts are capped and hold no
 * secrets; arguments and results are not among them. Durations are milliseconds.
 */
export function attributesOf(facts: CallFacts | RequestFacts): SpanAttributes {
  const common: Draft = {
    ...callerAttributes(facts.caller),
    ...clientAttributes(facts.client),
    [HANGAR.serverMode]: facts.reached?.mode,
    [OTEL.errorType]: errorTypeOf(facts),
    [OTEL.rpcResponseStatusCode]: facts.rpcErrorCode === undefined ? undefined : String(facts.rpcErrorCode),
  };
  return present({ ...common, ...(facts.kind === "call" ? callAttributes(facts) : requestAttributes(facts)) });
}

/** The attributes of one attempt at one server: what the gateway asked, seen from its side as a client. */
export function attributesOfAttempt(attempt: Attempt): SpanAttributes {
  const { server, mode, protocolVersion, address, code } = attempt;
  const [, host, port] = /^(.*):(\d{1,5})$/s.exec(address ?? "") ?? [undefined, address, undefined];
  return present({
    [HANGAR.serverId]: factName(server),
    [HANGAR.serverMode]: mode,
    [OTEL.mcpProtocolVersion]: factName(protocolVersion),
    [OTEL.networkTransport]: mode === "remote" ? "tcp" : "pipe",
    [OTEL.serverAddress]: factName(host),
    [OTEL.serverPort]: port === undefined ? undefined : Number(port),
    [OTEL.errorType]: code === "success" ? undefined : code,
  });
}

/** The attributes of an operation of the management. A method of MCP stands there if it was called as a tool. */
export function attributesOfOperation(start: OperationStart, outcome: OperationFinished["outcome"]): SpanAttributes {
  const { operation, tool, caller, client } = start;
  return present({
    ...callerAttributes(caller),
    ...clientAttributes(client),
    [HANGAR.operationName]: operation,
    [HANGAR.operationOutcome]: outcome,
    [OTEL.mcpMethodName]: tool === undefined ? undefined : "tools/call",
    [OTEL.mcpSessionId]: factName(client.sessionId),
    [OTEL.genAiOperationName]: tool === undefined ? undefined : "execute_tool",
    [OTEL.genAiToolName]: tool,
    [OTEL.errorType]: outcome === "done" ? undefined : outcome,
  });
}

function callAttributes(facts: CallFacts): Draft {
  const { client, caller, decision } = facts;
  const status = toolStatus(facts);
  return {
    [HANGAR.serverId]: factName(facts.server),
    [HANGAR.serverGroupId]: factName(facts.group),
    [HANGAR.toolName]: facts.tool,
    [HANGAR.toolStatus]: status,
    [HANGAR.toolDurationMs]: facts.durationMs,
    [HANGAR.toolColdStart]: facts.coldStart,
    [HANGAR.userId]: facts.userId,
    [HANGAR.correlationId]: facts.correlationId,
    [HANGAR.batchId]: factName(facts.batch?.id),
    [HANGAR.batchIndex]: facts.batch?.index,
    [HANGAR.batchAttempt]: facts.batch?.attempt,
    ...usageAttributes(facts),
    ...enforcementAttributes(decision, status === "blocked" ? facts.cause : undefined),
    [HANGAR.auditPrincipalType]: caller.type,
    [HANGAR.auditPrincipalId]: factName(caller.id),
    [HANGAR.auditPrincipalRoles]: caller.roles.map((role) => factName(role)),
    [HANGAR.auditAuthenticated]: caller.type !== "anonymous",
    [HANGAR.auditAuthorized]: decision === undefined ? undefined : decision.result === "allowed",
    [OTEL.mcpMethodName]: "tools/call",
    // Revisions without sessions leave it to the caller to name one.
    [OTEL.mcpSessionId]: factName(client.sessionId) ?? facts.sessionId,
    [OTEL.genAiOperationName]: "execute_tool",
    [OTEL.genAiToolName]: facts.tool,
  };
}

function requestAttributes(facts: RequestFacts): Draft {
  const { method, client, subject } = facts;
  return {
    [HANGAR.serverId]: factName(facts.knownServer),
    [OTEL.mcpMethodName]: method,
    [OTEL.mcpSessionId]: factName(client.sessionId),
    [OTEL.mcpResourceUri]: method.startsWith("resources/") ? subject : undefined,
    [OTEL.genAiPromptName]: method === "prompts/get" ? subject : undefined,
  };
}

function callerAttributes({ type, id, roles, token }: Caller): Draft {
  return {
    [HANGAR.callerType]: type,
    [HANGAR.callerId]: factName(id),
    [HANGAR.callerRoles]: roles.map((role) => factName(role)),
    [HANGAR.agentId]: factName(token?.actors[0]),
  };
}

function clientAttributes({ transport, address, protocolVersion, rpcId }: Client): Draft {
  return {
    [OTEL.networkTransport]: transport === "library" ? undefined : transport === "stdio" ? "pipe" : "tcp",
    [OTEL.clientAddress]: factName(address),
    [OTEL.mcpProtocolVersion]: factName(protocolVersion),
    [OTEL.jsonrpcRequestId]: rpcId === undefined ? undefined : factName(String(rpcId)),
  };
}

function usageAttributes({ usage, model }: CallFacts): Draft {
  if (usage === undefined) return {};
  const { cost, currency, inputTokens, outputTokens } = usage;
  return {
    // A product of fractions has digits that nobody has said.
    [HANGAR.costCents]: cost === undefined ? undefined : Math.round(cost * 1e8) / 1e6,
    [HANGAR.costCurrency]: currency,
    [HANGAR.costModel]: model,
    [HANGAR.costInputTokens]: inputTokens,
    [HANGAR.costOutputTokens]: outputTokens,
  };
}

/** A limit that refuses a call is a policy, too, but one that no decision names. */
function enforcementAttributes(decision: Decision | undefined, blockedBy: string | undefined): Draft {
  if (decision === undefined && blockedBy === undefined) return {};
  const isBlocked = blockedBy !== undefined;
  const byLimit = isBlocked && decision?.result !== "denied";
  return {
    [HANGAR.enforcementPolicyResult]: isBlocked ? "denied" : decision?.result,
    [HANGAR.enforcementPolicyName]: byLimit ? blockedBy : factName(decision?.by),
    [HANGAR.enforcementAction]: isBlocked ? "block" : "allow",
  };
}

type ToolStatus = "success" | "error" | "timeout" | "blocked";
/** Rejections that are decisions of a policy; any other is a mistake of the caller. */
const POLICY_REFUSALS: ReadonlySet<string | undefined> = new Set(["access_denied", "rate_limited", "unauthenticated"]);

function toolStatus({ status, cause }: CallFacts): ToolStatus {
  if (status === "success" || status === "timeout") return status;
  return status === "rejected" && POLICY_REFUSALS.has(cause) ? "blocked" : "error";
}

function errorTypeOf({ status, cause, rpcErrorCode }: CallFacts | RequestFacts): string | undefined {
  if (status === "success") return undefined;
  if (cause === "upstream_error" && rpcErrorCode !== undefined) return String(rpcErrorCode);
  return cause ?? status;
}

function present(draft: Draft): SpanAttributes {
  const attributes: Record<string, Value> = {};
  for (const [name, value] of Object.entries(draft)) if (value !== undefined) attributes[name] = value;
  return attributes;
}
