/**
 * The attribute names of spans and audit log records: Hangar's own `mcp.*` names, which users query, and beside them the
 * OpenTelemetry names of the semantic conventions for MCP and generative AI (status: Development), which tools know.
 * A name is written here once; exporters refer to it by key.
 */
export const HANGAR_ATTRIBUTES = {
  serverId: "mcp.server.id",
  serverMode: "mcp.server.mode",
  /** Public; the tracer sets it on cold starts. Facts of calls do not know the state. */
  serverState: "mcp.server.state",
  serverGroupId: "mcp.server.group_id",
  /** On a failover: the member of the group that is tried next. */
  serverNextId: "mcp.server.next_id",

  toolName: "mcp.tool.name",
  /** `success`, `error`, `timeout`, or `blocked` for a call that a policy refused. */
  toolStatus: "mcp.tool.status",
  toolDurationMs: "mcp.tool.duration_ms",
  toolColdStart: "mcp.tool.cold_start",
  /** A keyed digest of the arguments, by which equal calls are recognised; the tracer sets it. Facts hold no arguments. */
  toolArgsHash: "mcp.tool.args_hash",

  /** The subject that acts on the caller's behalf (claim `act` of the token). */
  agentId: "mcp.agent.id",
  userId: "mcp.user.id",
  correlationId: "mcp.correlation_id",
  batchId: "mcp.batch.id",
  /** Number of items of a batch and how it ended; on its own span. */
  batchSize: "mcp.batch.size",
  batchResult: "mcp.batch.result",
  /** Place of a call in its batch, from 0, and which attempt of the batch at it this is, from 1. */
  batchIndex: "mcp.batch.index",
  batchAttempt: "mcp.batch.attempt",

  /** An operation of the management, such as `startServer`, and `done` or why not. */
  operationName: "mcp.operation.name",
  operationOutcome: "mcp.operation.outcome",

  /** `allowed` or `denied`, by which role or limit, and whether the call was let through (`allow`) or refused (`block`). */
  enforcementPolicyResult: "mcp.enforcement.policy_result",
  enforcementPolicyName: "mcp.enforcement.policy_name",
  enforcementAction: "mcp.enforcement.action",

  auditPrincipalType: "mcp.audit.principal_type",
  auditPrincipalId: "mcp.audit.principal_id",
  auditPrincipalRoles: "mcp.audit.principal_roles",
  auditAuthenticated: "mcp.audit.authenticated",
  auditAuthorized: "mcp.audit.authorized",

  callerType: "mcp.caller.type",
  callerId: "mcp.caller.id",
  callerRoles: "mcp.caller.roles",

  /** What the server says that the call has cost, in hundredths of the currency; absent where it says nothing. */
  costCents: "mcp.cost.cents",
  costModel: "mcp.cost.model",
  costInputTokens: "mcp.cost.input_tokens",
  costOutputTokens: "mcp.cost.output_tokens",
  costCurrency: "mcp.cost.currency",

  /** Public; set on the spans of health checks. */
  healthResult: "mcp.health.result",
  healthConsecutiveFailures: "mcp.health.consecutive_failures",
  healthDurationMs: "mcp.health.duration_ms",
} as const;

/** The OpenTelemetry semantic conventions that apply to a gateway of tool calls. */
export const OTEL_ATTRIBUTES = {
  mcpMethodName: "mcp.method.name",
  mcpResourceUri: "mcp.resource.uri",
  mcpProtocolVersion: "mcp.protocol.version",
  /** Both conventions use this name. Protocol revisions from 2026-07-28 on have no sessions. */
  mcpSessionId: "mcp.session.id",
  /** `execute_tool`, on tool calls only. */
  genAiOperationName: "gen_ai.operation.name",
  genAiToolName: "gen_ai.tool.name",
  /** Opt-in, as JSON text: redacted, and cut at a limit. */
  genAiToolCallArguments: "gen_ai.tool.call.arguments",
  genAiToolCallResult: "gen_ai.tool.call.result",
  genAiPromptName: "gen_ai.prompt.name",
  jsonrpcRequestId: "jsonrpc.request.id",
  /** `tool_error` for a result with `isError`, the server's JSON-RPC code, or why the gateway did not get an answer. */
  errorType: "error.type",
  rpcResponseStatusCode: "rpc.response.status_code",
  /** `pipe` for stdio, `tcp` for HTTP. */
  networkTransport: "network.transport",
  serverAddress: "server.address",
  serverPort: "server.port",
  clientAddress: "client.address",
} as const;

export type HangarAttribute = (typeof HANGAR_ATTRIBUTES)[keyof typeof HANGAR_ATTRIBUTES];
export type OtelAttribute = (typeof OTEL_ATTRIBUTES)[keyof typeof OTEL_ATTRIBUTES];
