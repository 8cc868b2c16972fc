import {
  HANGAR_ATTRIBUTES as HANGAR,
  type HangarAttribute,
  OTEL_ATTRIBUTES as OTEL,
  type OtelAttribute,
} from "@mcp-hangar/telemetry";

/** The kinds of spans that the gateway makes. */
export const SPAN_KINDS = {
  call: "a tool call; `SERVER` when a client made it, `INTERNAL` as part of a batch or an operation",
  request: "another request of MCP, such as `resources/read`; `SERVER`",
  operation: "an operation of the management, over REST or as a tool `hangar_*`; `SERVER`",
  batch: "the calls of one batch; `INTERNAL`",
  attempt: "one attempt at one server; `CLIENT`, and the parent of what the server records",
  wait: "`wait for slot` and `cold start` beneath an attempt; a cold start links to the start that it waited for",
  "server start": "one start of a server, in a trace of its own, however many calls wait for it",
  "health check": "one check of a server, in a trace of its own",
} as const;
export type SpanType = keyof typeof SPAN_KINDS;

/** What an attribute says, and which spans have it where it is known. */
export interface AttributeDescription {
  readonly description: string;
  readonly on: readonly SpanType[];
}

const SERVED: readonly SpanType[] = ["call", "request", "operation"];
const CALLS: readonly SpanType[] = ["call"];

/** Every name of the table; one that is missing here does not compile. */
export const ATTRIBUTE_DESCRIPTIONS: Readonly<Record<HangarAttribute | OtelAttribute, AttributeDescription>> = {
  [HANGAR.serverId]: {
    description: "The server. Of a call, the one that answered.",
    on: ["call", "request", "attempt", "wait", "server start", "health check"],
  },
  [HANGAR.serverMode]: { description: "`subprocess`, `docker` or `remote`.", on: ["call", "request", "attempt"] },
  [HANGAR.serverState]: { description: "The state that a server was started from.", on: ["wait", "server start"] },
  [HANGAR.serverGroupId]: { description: "The group that was called.", on: ["call", "attempt"] },
  [HANGAR.serverNextId]: { description: "On the event `failover` of a call: the member that is tried next.", on: [] },
  [HANGAR.toolName]: { description: "The tool, as its server spells it.", on: ["call", "attempt"] },
  [HANGAR.toolStatus]: {
    description: "`success`, `error`, `timeout`, or `blocked` where a policy refused the call.",
    on: CALLS,
  },
  [HANGAR.toolDurationMs]: { description: "Milliseconds from the arrival of the call to its answer.", on: CALLS },
  [HANGAR.toolColdStart]: { description: "Whether the call waited for a server to start.", on: CALLS },
  [HANGAR.toolArgsHash]: {
    description:
      "HMAC-SHA-256 of the arguments as canonical JSON (RFC 8785), by the key `observability.tracing.args_hash_key`: equal calls have equal digests.",
    on: CALLS,
  },
  [HANGAR.agentId]: { description: "Who acts on the caller's behalf (claim `act` of the token).", on: SERVED },
  [HANGAR.userId]: { description: "The user that the caller names (`_meta.user_id`).", on: CALLS },
  [HANGAR.correlationId]: { description: "The trace that the caller names (`_meta.trace_id`).", on: CALLS },
  [HANGAR.batchId]: { description: "The batch.", on: ["call", "batch"] },
  [HANGAR.batchSize]: { description: "Items of the batch.", on: ["batch"] },
  [HANGAR.batchResult]: { description: "`success`, `partial`, `failure` or `cancelled`.", on: ["batch"] },
  [HANGAR.batchIndex]: { description: "Place of the call in its batch, from 0.", on: CALLS },
  [HANGAR.batchAttempt]: { description: "Which attempt of the batch at this item it is, from 1.", on: CALLS },
  [HANGAR.operationName]: { description: "The operation, as in the reference of the API.", on: ["operation"] },
  [HANGAR.operationOutcome]: { description: "`done`, or why not.", on: ["operation"] },
  [HANGAR.enforcementPolicyResult]: { description: "`allowed` or `denied`.", on: CALLS },
  [HANGAR.enforcementPolicyName]: { description: "The role that allowed the call, or what denied it.", on: CALLS },
  [HANGAR.enforcementAction]: { description: "`allow` or `block`.", on: CALLS },
  [HANGAR.auditPrincipalType]: { description: "As `mcp.caller.type`.", on: CALLS },
  [HANGAR.auditPrincipalId]: { description: "As `mcp.caller.id`.", on: CALLS },
  [HANGAR.auditPrincipalRoles]: { description: "As `mcp.caller.roles`.", on: CALLS },
  [HANGAR.auditAuthenticated]: { description: "Whether the caller has proved who they are.", on: CALLS },
  [HANGAR.auditAuthorized]: { description: "Whether the caller may make this call.", on: CALLS },
  [HANGAR.callerType]: { description: "How the caller has proved who they are.", on: SERVED },
  [HANGAR.callerId]: { description: "The name that people know the caller by.", on: SERVED },
  [HANGAR.callerRoles]: { description: "Roles of the caller.", on: SERVED },
  [HANGAR.costCents]: {
    description: "What the call has cost, as its server reports it, in hundredths of the currency.",
    on: CALLS,
  },
  [HANGAR.costModel]: { description: "The model that the server says it has used.", on: CALLS },
  [HANGAR.costInputTokens]: { description: "Tokens that were read, as the server reports them.", on: CALLS },
  [HANGAR.costOutputTokens]: { description: "Tokens that were written, as the server reports them.", on: CALLS },
  [HANGAR.costCurrency]: { description: "Currency of the cost.", on: CALLS },
  [HANGAR.healthResult]: { description: "`healthy` or `unhealthy`.", on: ["health check"] },
  [HANGAR.healthConsecutiveFailures]: { description: "Checks that failed in a row.", on: ["health check"] },
  [HANGAR.healthDurationMs]: { description: "Milliseconds of the check.", on: ["health check"] },
  [OTEL.mcpMethodName]: { description: "The method of MCP.", on: ["call", "request", "operation", "attempt"] },
  [OTEL.mcpResourceUri]: { description: "The resource.", on: ["request", "attempt"] },
  [OTEL.mcpProtocolVersion]: {
    description: "The revision of MCP: that of the client, and on attempts that of the server.",
    on: ["call", "request", "operation", "attempt"],
  },
  [OTEL.mcpSessionId]: { description: "The session of the client, where its revision has sessions.", on: SERVED },
  [OTEL.genAiOperationName]: { description: "`execute_tool`.", on: ["call", "operation", "attempt"] },
  [OTEL.genAiToolName]: { description: "As `mcp.tool.name`.", on: ["call", "operation", "attempt"] },
  [OTEL.genAiToolCallArguments]: {
    description: "Arguments as JSON, redacted and cut; only with `observability.tracing.capture_arguments`.",
    on: CALLS,
  },
  [OTEL.genAiToolCallResult]: {
    description: "The result as JSON, redacted and cut; only with `observability.tracing.capture_results`.",
    on: CALLS,
  },
  [OTEL.genAiPromptName]: { description: "The prompt.", on: ["request", "attempt"] },
  [OTEL.jsonrpcRequestId]: { description: "Id of the client's request.", on: SERVED },
  [OTEL.errorType]: {
    description:
      "Why it failed: `tool_error` for a result with `isError`, the code of the server's JSON-RPC error, or the error type or rejection reason of the gateway.",
    on: ["call", "request", "operation", "batch", "attempt", "server start", "health check"],
  },
  [OTEL.rpcResponseStatusCode]: {
    description: "Code of the server's JSON-RPC error.",
    on: ["call", "request", "attempt"],
  },
  [OTEL.networkTransport]: {
    description: "`pipe` for stdio, `tcp` for HTTP.",
    on: ["call", "request", "operation", "attempt"],
  },
  [OTEL.serverAddress]: { description: "Host of a remote server.", on: ["attempt"] },
  [OTEL.serverPort]: { description: "Port of a remote server.", on: ["attempt"] },
  [OTEL.clientAddress]: { description: "Address of the client.", on: SERVED },
};
