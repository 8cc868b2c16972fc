import {
  type CallFinished,
  type GatewaySnapshot,
  LIBRARY_CLIENT,
  type OperationFinished,
  type RegisteredName,
  type RequestFinished,
  registeredName,
  Sensitive,
  type ServerSnapshot,
} from "@mcp-hangar/telemetry";

const noMessages = { request: 0, response: 0, notification: 0, error: 0 };

/** A server that is ready and idle. */
export function serverSnapshot(id: string, tools: readonly string[] = [], changes: Partial<ServerSnapshot> = {}) {
  return {
    id: registeredName(id),
    mode: "subprocess",
    group: undefined,
    state: "ready",
    up: true,
    initialized: true,
    coldStartInProgress: false,
    consecutiveFailures: 0,
    breaker: "closed",
    inFlight: 0,
    httpConnections: undefined,
    ownSessions: undefined,
    messages: { sent: noMessages, received: noMessages },
    tools: tools.map(registeredName),
    toolDefinitionBytes: undefined,
    transferBytes: { sent: 0, received: 0 },
    ...changes,
  } satisfies ServerSnapshot;
}

/** A gateway that runs these servers. */
export function gatewaySnapshot(
  servers: readonly ServerSnapshot[] = [],
  changes: Partial<GatewaySnapshot> = {},
): GatewaySnapshot {
  return {
    servers,
    batchItemsExecuting: 0,
    discovery: [],
    exporters: [],
    listeners: [],
    load: { bufferedBytes: 1_000, shed: { buffered_bytes: 1, unread_answer: 2, connections: 3, subscriptions: 4 } },
    audit: {
      lags: [{ exporter: registeredName("audit_sink_siem"), seconds: 1.5 }],
      journal: { used: 0.25, chainProblems: 0, checkpointOverdueSeconds: 0, clockStepSeconds: 0.01 },
    },
    lastReloadSuccessful: true,
    build: { version: "1.2.3", node: "v24.0.0" },
    ...changes,
  };
}

/** A call that succeeded in 4 ms; the names as a caller would have to type them do not matter here. */
export function callFinished(
  server: string | undefined,
  tool: string | undefined,
  changes: Partial<CallFinished> = {},
): CallFinished {
  const registered = (name: string | undefined): RegisteredName | undefined =>
    name === undefined ? undefined : registeredName(name);
  return {
    type: "call.finished",
    timeMs: 0,
    callId: "call",
    origin: "mcp",
    server: registered(server),
    tool: registered(tool),
    requestedServer: "typed by the caller",
    requestedTool: "typed by the caller",
    outcome: { status: "success", resultType: "complete" },
    durationSeconds: 0.004,
    coldStart: false,
    caller: { type: "api_key", id: registeredName("alice"), roles: [], credential: "api_key:alice" },
    correlation: {},
    trace: undefined,
    client: LIBRARY_CLIENT,
    decision: undefined,
    group: undefined,
    attempts: [],
    rpcErrorCode: undefined,
    batch: undefined,
    arguments: new Sensitive({ secret: "hunter2" }),
    result: undefined,
    ...changes,
  };
}

/** A request that succeeded in 4 ms; of the aggregate unless a server is given. */
export function requestFinished(server: string | undefined, changes: Partial<RequestFinished> = {}): RequestFinished {
  return {
    type: "request.finished",
    timeMs: 0,
    requestId: "request",
    method: "resources/read",
    server: server === undefined ? undefined : registeredName(server),
    subject: "typed by the caller",
    outcome: { status: "success", resultType: "complete" },
    durationSeconds: 0.004,
    caller: { type: "api_key", id: registeredName("alice"), roles: [], credential: "api_key:alice" },
    client: LIBRARY_CLIENT,
    trace: undefined,
    attempts: [],
    rpcErrorCode: undefined,
    ...changes,
  };
}

/** A server that was stopped over REST. */
export function operationFinished(changes: Partial<OperationFinished> = {}): OperationFinished {
  return {
    type: "operation.finished",
    timeMs: 0,
    operationId: "operation",
    operation: registeredName("stopServer"),
    effect: "change",
    door: "rest",
    target: "typed by the caller",
    outcome: "done",
    change: undefined,
    durationSeconds: 0.004,
    caller: { type: "api_key", id: registeredName("alice"), roles: [], credential: "api_key:alice" },
    client: LIBRARY_CLIENT,
    ...changes,
  };
}
