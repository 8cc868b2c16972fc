import { AttributeList } from "./attribute-list.ts";
import { HANGAR_ATTRIBUTES as HANGAR, OTEL_ATTRIBUTES as OTEL } from "./attributes.ts";
import type { Attempt, Decision } from "./call-course.ts";
import type { CallFacts } from "./call-facts.ts";
import type { OperationFinished } from "./events.ts";
import { factName } from "./fact-text.ts";
import type { Caller, Client } from "./participants.ts";
import type { RequestFacts } from "./request-facts.ts";
import type { OperationStart } from "./tracer.ts";
import { hundredths } from "./usage.ts";

/**
 * The attributes of a finished call or request, for spans and log records. What is not known is left out. Texts are capped and hold no
 * secrets; arguments and results are not among them. Durations are milliseconds.
 */
export function attributesOf(facts: CallFacts | RequestFacts): AttributeList {
  const to = new AttributeList();
  putCaller(to, facts.caller);
  putClient(to, facts.client);
  to.put(HANGAR.serverMode, facts.reached?.mode);
  to.put(OTEL.errorType, errorTypeOf(facts));
  to.put(OTEL.rpcResponseStatusCode, facts.rpcErrorCode === undefined ? undefined : String(facts.rpcErrorCode));
  if (facts.kind === "call") putCall(to, facts);
  else putRequest(to, facts);
  return to;
}

/**
 * The attributes of one attempt at one server: what the gateway asked, seen from its side as a client. `rpcErrorCode` is that of the
 * server's answer, if the answer was an error.
 */
export function attributesOfAttempt(attempt: Attempt, rpcErrorCode?: number): AttributeList {
  const { server, mode, protocolVersion, address, code } = attempt;
  const to = new AttributeList();
  to.put(HANGAR.serverId, factName(server));
  to.put(HANGAR.serverMode, mode);
  to.put(OTEL.mcpProtocolVersion, factName(protocolVersion));
  to.put(OTEL.networkTransport, mode === "remote" ? "tcp" : "pipe");
  if (address !== undefined) {
    const [, host = address, port] = /^(.*):(\d{1,5})$/s.exec(address) ?? [];
    to.put(OTEL.serverAddress, factName(host));
    to.put(OTEL.serverPort, port === undefined ? undefined : Number(port));
  }
  const rpcCode = rpcErrorCode === undefined ? undefined : String(rpcErrorCode);
  to.put(OTEL.rpcResponseStatusCode, rpcCode);
  to.put(OTEL.errorType, rpcCode ?? (code === "success" ? undefined : code));
  return to;
}

/** The attributes of an operation of the management. A method of MCP stands there if it was called as a tool. */
export function attributesOfOperation(start: OperationStart, outcome: OperationFinished["outcome"]): AttributeList {
  const { operation, tool, caller, client } = start;
  const to = new AttributeList();
  putCaller(to, caller);
  putClient(to, client);
  to.put(HANGAR.operationName, operation);
  to.put(HANGAR.operationOutcome, outcome);
  to.put(OTEL.mcpMethodName, tool === undefined ? undefined : "tools/call");
  to.put(OTEL.mcpSessionId, factName(client.sessionId));
  to.put(OTEL.genAiOperationName, tool === undefined ? undefined : "execute_tool");
  to.put(OTEL.genAiToolName, tool);
  to.put(OTEL.errorType, outcome === "done" ? undefined : outcome);
  return to;
}

function putCall(to: AttributeList, facts: CallFacts): void {
  const { client, caller, decision, batch, tool } = facts;
  const status = toolStatus(facts);
  to.put(HANGAR.serverId, factName(facts.server));
  to.put(HANGAR.serverGroupId, factName(facts.group));
  to.put(HANGAR.toolName, tool);
  to.put(HANGAR.toolStatus, status);
  to.put(HANGAR.toolDurationMs, facts.durationMs);
  to.put(HANGAR.toolColdStart, facts.coldStart);
  to.put(HANGAR.userId, facts.userId);
  to.put(HANGAR.correlationId, facts.correlationId);
  to.put(HANGAR.batchId, factName(batch?.id));
  to.put(HANGAR.batchIndex, batch?.index);
  to.put(HANGAR.batchAttempt, batch?.attempt);
  putUsage(to, facts);
  putEnforcement(to, decision, status === "blocked" ? facts.cause : undefined);
  to.put(HANGAR.auditPrincipalType, caller.type);
  to.put(HANGAR.auditPrincipalId, to.get(HANGAR.callerId));
  to.put(HANGAR.auditPrincipalRoles, to.get(HANGAR.callerRoles));
  to.put(HANGAR.auditAuthenticated, caller.type !== "anonymous");
  to.put(HANGAR.auditAuthorized, decision === undefined ? undefined : decision.result === "allowed");
  to.put(OTEL.mcpMethodName, "tools/call");
  // Revisions without sessions leave it to the caller to name one.
  to.put(OTEL.mcpSessionId, factName(client.sessionId) ?? facts.sessionId);
  to.put(OTEL.genAiOperationName, "execute_tool");
  to.put(OTEL.genAiToolName, tool);
}

function putRequest(to: AttributeList, facts: RequestFacts): void {
  const { method, client, subject } = facts;
  to.put(HANGAR.serverId, factName(facts.knownServer));
  to.put(OTEL.mcpMethodName, method);
  to.put(OTEL.mcpSessionId, factName(client.sessionId));
  to.put(OTEL.mcpResourceUri, method.startsWith("resources/") ? subject : undefined);
  to.put(OTEL.genAiPromptName, method === "prompts/get" ? subject : undefined);
}

function putCaller(to: AttributeList, { type, id, roles, token }: Caller): void {
  to.put(HANGAR.callerType, type);
  to.put(HANGAR.callerId, factName(id));
  to.put(
    HANGAR.callerRoles,
    roles.map((role) => factName(role)),
  );
  to.put(HANGAR.agentId, factName(token?.actors[0]));
}

function putClient(to: AttributeList, { transport, address, protocolVersion, rpcId }: Client): void {
  to.put(OTEL.networkTransport, transport === "library" ? undefined : transport === "stdio" ? "pipe" : "tcp");
  to.put(OTEL.clientAddress, factName(address));
  to.put(OTEL.mcpProtocolVersion, factName(protocolVersion));
  to.put(OTEL.jsonrpcRequestId, rpcId === undefined ? undefined : factName(String(rpcId)));
}

function putUsage(to: AttributeList, { usage, model }: CallFacts): void {
  if (usage === undefined) return;
  const { cost, currency, inputTokens, outputTokens } = usage;
  to.put(HANGAR.costCents, hundredths(cost));
  to.put(HANGAR.costCurrency, currency);
  to.put(HANGAR.costModel, model);
  to.put(HANGAR.costInputTokens, inputTokens);
  to.put(HANGAR.costOutputTokens, outputTokens);
}

/** A limit that refuses a call is a policy, too, but one that no decision names. */
function putEnforcement(to: AttributeList, decision: Decision | undefined, blockedBy: string | undefined): void {
  if (decision === undefined && blockedBy === undefined) return;
  const isBlocked = blockedBy !== undefined;
  const byLimit = isBlocked && decision?.result !== "denied";
  to.put(HANGAR.enforcementPolicyResult, isBlocked ? "denied" : decision?.result);
  to.put(HANGAR.enforcementPolicyName, byLimit ? blockedBy : factName(decision?.by));
  to.put(HANGAR.enforcementAction, isBlocked ? "block" : "allow");
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
