import { HANGAR_ATTRIBUTES as HANGAR, OTEL_ATTRIBUTES as OTEL } from "./attributes.ts";
import type { Attempt, Decision } from "./call-course.ts";
import type { CallFacts } from "./call-facts.ts";
import type { OperationFinished } from "./events.ts";
import { factName } from "./fact-text.ts";
import type { Caller, Client } from "./participants.ts";
import type { RequestFacts } from "./request-facts.ts";
import type { OperationStart, SpanAttributes } from "./tracer.ts";

type Value = SpanAttributes[string];
/** Attributes by name while they are put together. */
export type AttributesInProgress = Record<string, Value>;

/**
 * The attributes of a finished call or request, for spans and log records. What is not known is left out. Texts are capped and hold no
 * secrets; arguments and results are not among them. Durations are milliseconds.
 */
export function attributesOf(facts: CallFacts | RequestFacts): AttributesInProgress {
  const to: AttributesInProgress = {};
  putCaller(to, facts.caller);
  putClient(to, facts.client);
  put(to, HANGAR.serverMode, facts.reached?.mode);
  put(to, OTEL.errorType, errorTypeOf(facts));
  put(to, OTEL.rpcResponseStatusCode, facts.rpcErrorCode === undefined ? undefined : String(facts.rpcErrorCode));
  if (facts.kind === "call") putCall(to, facts);
  else putRequest(to, facts);
  return to;
}

/** The attributes of one attempt at one server: what the gateway asked, seen from its side as a client. */
export function attributesOfAttempt(attempt: Attempt): AttributesInProgress {
  const { server, mode, protocolVersion, address, code } = attempt;
  const to: AttributesInProgress = {};
  put(to, HANGAR.serverId, factName(server));
  put(to, HANGAR.serverMode, mode);
  put(to, OTEL.mcpProtocolVersion, factName(protocolVersion));
  put(to, OTEL.networkTransport, mode === "remote" ? "tcp" : "pipe");
  if (address !== undefined) {
    const [, host = address, port] = /^(.*):(\d{1,5})$/s.exec(address) ?? [];
    put(to, OTEL.serverAddress, factName(host));
    put(to, OTEL.serverPort, port === undefined ? undefined : Number(port));
  }
  put(to, OTEL.errorType, code === "success" ? undefined : code);
  return to;
}

/** The attributes of an operation of the management. A method of MCP stands there if it was called as a tool. */
export function attributesOfOperation(start: OperationStart, outcome: OperationFinished["outcome"]): SpanAttributes {
  const { operation, tool, caller, client } = start;
  const to: AttributesInProgress = {};
  putCaller(to, caller);
  putClient(to, client);
  put(to, HANGAR.operationName, operation);
  put(to, HANGAR.operationOutcome, outcome);
  put(to, OTEL.mcpMethodName, tool === undefined ? undefined : "tools/call");
  put(to, OTEL.mcpSessionId, factName(client.sessionId));
  put(to, OTEL.genAiOperationName, tool === undefined ? undefined : "execute_tool");
  put(to, OTEL.genAiToolName, tool);
  put(to, OTEL.errorType, outcome === "done" ? undefined : outcome);
  return to;
}

function putCall(to: AttributesInProgress, facts: CallFacts): void {
  const { client, caller, decision, batch, tool } = facts;
  const status = toolStatus(facts);
  put(to, HANGAR.serverId, factName(facts.server));
  put(to, HANGAR.serverGroupId, factName(facts.group));
  put(to, HANGAR.toolName, tool);
  put(to, HANGAR.toolStatus, status);
  put(to, HANGAR.toolDurationMs, facts.durationMs);
  put(to, HANGAR.toolColdStart, facts.coldStart);
  put(to, HANGAR.userId, facts.userId);
  put(to, HANGAR.correlationId, facts.correlationId);
  put(to, HANGAR.batchId, factName(batch?.id));
  put(to, HANGAR.batchIndex, batch?.index);
  put(to, HANGAR.batchAttempt, batch?.attempt);
  putUsage(to, facts);
  putEnforcement(to, decision, status === "blocked" ? facts.cause : undefined);
  put(to, HANGAR.auditPrincipalType, caller.type);
  put(to, HANGAR.auditPrincipalId, to[HANGAR.callerId]);
  put(to, HANGAR.auditPrincipalRoles, to[HANGAR.callerRoles]);
  put(to, HANGAR.auditAuthenticated, caller.type !== "anonymous");
  put(to, HANGAR.auditAuthorized, decision === undefined ? undefined : decision.result === "allowed");
  put(to, OTEL.mcpMethodName, "tools/call");
  // Revisions without sessions leave it to the caller to name one.
  put(to, OTEL.mcpSessionId, factName(client.sessionId) ?? facts.sessionId);
  put(to, OTEL.genAiOperationName, "execute_tool");
  put(to, OTEL.genAiToolName, tool);
}

function putRequest(to: AttributesInProgress, facts: RequestFacts): void {
  const { method, client, subject } = facts;
  put(to, HANGAR.serverId, factName(facts.knownServer));
  put(to, OTEL.mcpMethodName, method);
  put(to, OTEL.mcpSessionId, factName(client.sessionId));
  put(to, OTEL.mcpResourceUri, method.startsWith("resources/") ? subject : undefined);
  put(to, OTEL.genAiPromptName, method === "prompts/get" ? subject : undefined);
}

function putCaller(to: AttributesInProgress, { type, id, roles, token }: Caller): void {
  put(to, HANGAR.callerType, type);
  put(to, HANGAR.callerId, factName(id));
  put(
    to,
    HANGAR.callerRoles,
    roles.map((role) => factName(role)),
  );
  put(to, HANGAR.agentId, factName(token?.actors[0]));
}

function putClient(to: AttributesInProgress, { transport, address, protocolVersion, rpcId }: Client): void {
  put(to, OTEL.networkTransport, transport === "library" ? undefined : transport === "stdio" ? "pipe" : "tcp");
  put(to, OTEL.clientAddress, factName(address));
  put(to, OTEL.mcpProtocolVersion, factName(protocolVersion));
  put(to, OTEL.jsonrpcRequestId, rpcId === undefined ? undefined : factName(String(rpcId)));
}

function putUsage(to: AttributesInProgress, { usage, model }: CallFacts): void {
  if (usage === undefined) return;
  const { cost, currency, inputTokens, outputTokens } = usage;
  // A product of fractions has digits that nobody has said.
  put(to, HANGAR.costCents, cost === undefined ? undefined : Math.round(cost * 1e8) / 1e6);
  put(to, HANGAR.costCurrency, currency);
  put(to, HANGAR.costModel, model);
  put(to, HANGAR.costInputTokens, inputTokens);
  put(to, HANGAR.costOutputTokens, outputTokens);
}

/** A limit that refuses a call is a policy, too, but one that no decision names. */
function putEnforcement(
  to: AttributesInProgress,
  decision: Decision | undefined,
  blockedBy: string | undefined,
): void {
  if (decision === undefined && blockedBy === undefined) return;
  const isBlocked = blockedBy !== undefined;
  const byLimit = isBlocked && decision?.result !== "denied";
  put(to, HANGAR.enforcementPolicyResult, isBlocked ? "denied" : decision?.result);
  put(to, HANGAR.enforcementPolicyName, byLimit ? blockedBy : factName(decision?.by));
  put(to, HANGAR.enforcementAction, isBlocked ? "block" : "allow");
}

/** What has no value is left out. One object is filled, because merging a dozen for every span costs more than anything in them. */
function put(to: AttributesInProgress, name: string, value: Value | undefined): void {
  if (value !== undefined) to[name] = value;
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
