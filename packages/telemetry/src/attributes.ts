/**
 * The attribute names of spans and audit log records: Hangar's own `mcp.*` names, which users query, and beside them the
 * OpenTelemetry names of the semantic conventions for MCP and generative AI (status: Development), which tools know.
 * A name is written here once; exporters refer to it by key.
 */
export const HANGAR_ATTRIBUTES = {
  serverId: "mcp.server.id",
  serverMode: "mcp.server.mode",
  serverState: "mcp.server.state",
  serverGroupId: "mcp.server.group_id",
  /** On a failover: the member of the group that is tried next. */
  serverNextId: "mcp.server.next_id",
  /** On a state change: the state before and after, and why. */
  serverStateFrom: "mcp.server.state.from",
  serverStateTo: "mcp.server.state.to",
  serverStateCause: "mcp.server.state.cause",

  toolName: "mcp.tool.name",
  /** One of {@link TOOL_STATUSES}. */
  toolStatus: "mcp.tool.status",
  toolDurationMs: "mcp.tool.duration_ms",
  toolColdStart: "mcp.tool.cold_start",
  /** SHA-256 of the arguments, so that equal calls are recognised without recording what they contain. */
  toolArgsHash: "mcp.tool.args_hash",

  agentId: "mcp.agent.id",
  userId: "mcp.user.id",
  correlationId: "mcp.correlation_id",
  batchId: "mcp.batch.id",
  batchSize: "mcp.batch.size",

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

  costCents: "mcp.cost.cents",
  costModel: "mcp.cost.model",
  costInputTokens: "mcp.cost.input_tokens",
  costOutputTokens: "mcp.cost.output_tokens",
  costCurrency: "mcp.cost.currency",

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
  genAiPromptName: "gen_ai.prompt.name",
  /** Arguments and result are recorded only when the operator opts in. */
  genAiToolCallArguments: "gen_ai.tool.call.arguments",
  genAiToolCallResult: "gen_ai.tool.call.result",
  jsonrpcRequestId: "jsonrpc.request.id",
  /** `tool_error` for a result with `isError`, else a JSON-RPC code, `timeout` or `_OTHER`. */
  errorType: "error.type",
  rpcResponseStatusCode: "rpc.response.status_code",
  /** `pipe` for stdio, `tcp` for HTTP. */
  networkTransport: "network.transport",
  serverAddress: "server.address",
  serverPort: "server.port",
  clientAddress: "client.address",
  clientPort: "client.port",
} as const;

/** The fields that structured log lines carry; the logger adds the first six by itself. */
export const LOG_FIELDS = {
  timestamp: "timestamp",
  level: "level",
  event: "event",
  service: "service",
  traceId: "trace_id",
  spanId: "span_id",
  server: "mcp_server",
  tool: "tool",
  status: "status",
  durationMs: "duration_ms",
  errorType: "error_type",
  callId: "call_id",
  batchId: "batch_id",
} as const;

/** The values of `mcp.tool.status`; `blocked` is a call that a policy refused. */
export const TOOL_STATUSES = ["success", "error", "timeout", "blocked"] as const;
export type ToolStatus = (typeof TOOL_STATUSES)[number];

export type HangarAttribute = (typeof HANGAR_ATTRIBUTES)[keyof typeof HANGAR_ATTRIBUTES];
export type OtelAttribute = (typeof OTEL_ATTRIBUTES)[keyof typeof OTEL_ATTRIBUTES];
