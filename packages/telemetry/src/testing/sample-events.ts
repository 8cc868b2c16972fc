import type { Attempt, CallOutcome } from "../call-course.ts";
import type {
  CallFinished,
  HangarEvent,
  HangarEventOf,
  HangarEventType,
  RequestFinished,
  TaskFinished,
} from "../events.ts";
import type { Caller, Client } from "../participants.ts";
import { registeredName } from "../registered-name.ts";
import { Sensitive } from "../sensitive.ts";
import { ERROR_TYPES, REJECTION_REASONS, REQUEST_METHODS, RESULT_TYPES } from "../vocabulary.ts";

/** Gives the text of a field; `usual` is what stands there in a normal event. */
export type SampleText = (usual: string) => string;

/** When every sample event happened, in ms: 2026-01-31T08:00:00.123Z. */
export const SAMPLE_TIME_MS = Date.UTC(2026, 0, 31, 8, 0, 0, 123);

/**
 * Events of every type, and of calls and requests with every way in which they can end. Exporters are tested with them. `text` can put
 * anything at all into every field whose text is not out of a closed list: names, messages, addresses, identifiers.
 */
export function sampleEvents(text: SampleText = (usual) => usual): readonly HangarEvent[] {
  const calls = outcomes(text).map((outcome, index) => sampleCall(text, outcome, index));
  const requests = outcomes(text).map((outcome, index) => sampleRequest(text, outcome, index));
  return [...calls, ...requests, ...Object.values(others(text)).flat()];
}

/** The first sample event of a type; of calls and requests, one that succeeded. */
export function sampleEvent<Type extends HangarEventType>(type: Type): HangarEventOf<Type> {
  const found = sampleEvents().find((event) => event.type === type);
  if (found === undefined) throw new Error(`there is no sample of ${type}`);
  // It has the type that was looked for.
  return found as HangarEventOf<Type>;
}

/** One event of each type that is no end of a call or request, and more where they differ in kind. */
type Others = {
  readonly [Type in Exclude<HangarEventType, "call.finished" | "request.finished">]: readonly HangarEventOf<Type>[];
};

function others(text: SampleText): Others {
  const name = (usual: string) => registeredName(text(usual));
  const timeMs = SAMPLE_TIME_MS;
  const server = name("math");
  const caller = sampleCaller(text);
  const client = sampleClient(text);
  const remoteAddress = text("192.0.2.7");
  const durationSeconds = 0.012_345;
  const operation = { type: "operation.finished", timeMs, door: "rest", caller, client, durationSeconds } as const;
  const stop = { type: "server.stopped", timeMs, server } as const;
  const start = { type: "server.start_finished", timeMs, server, durationSeconds } as const;
  const reload = { type: "config.reloaded", timeMs } as const;
  const denied = { type: "access.denied", timeMs, remoteAddress } as const;
  return {
    "access.denied": [
      { ...denied, door: "rest", reason: "permission", permission: "keys:write", caller },
      { ...denied, door: "mcp", reason: "origin", permission: undefined, caller: undefined },
    ],
    "operation.finished": [
      {
        ...operation,
        operationId: "operation-1",
        operation: registeredName("createKey"),
        effect: "change",
        target: text("robot"),
        outcome: "done",
        change: { before: undefined, after: text("roles: operator") },
      },
      {
        ...operation,
        operationId: "operation-2",
        operation: registeredName("stopServer"),
        effect: "destroy",
        target: text("nowhere"),
        outcome: "unknown_server",
        change: undefined,
      },
      {
        ...operation,
        operationId: "operation-3",
        operation: registeredName("listServers"),
        effect: "read",
        target: undefined,
        outcome: "done",
        change: undefined,
      },
      {
        ...operation,
        operationId: "operation-4",
        operation: registeredName("revokeKey"),
        effect: "destroy",
        target: text("root"),
        outcome: "forbidden",
        change: undefined,
      },
      {
        ...operation,
        operationId: "operation-5",
        operation: registeredName("showSystem"),
        effect: "read",
        target: undefined,
        outcome: "rate_limited",
        change: undefined,
      },
      {
        ...operation,
        operationId: "operation-6",
        operation: registeredName("updateServer"),
        effect: "change",
        target: text("math"),
        outcome: "done",
        change: { before: text("idle_ttl_s: 300"), after: text("idle_ttl_s: 60") },
      },
      {
        ...operation,
        operationId: "operation-7",
        operation: registeredName("revokeKey"),
        effect: "destroy",
        target: text("robot"),
        outcome: "done",
        change: { before: text("roles: operator"), after: undefined },
      },
      ...(["approveDiscovered", "rejectDiscovered"] as const).map((name, index) => ({
        ...operation,
        operationId: `operation-${8 + index}`,
        operation: registeredName(name),
        effect: "change" as const,
        target: text("math"),
        outcome: "done" as const,
        change: undefined,
      })),
    ],
    "session.opened": [{ type: "session.opened", timeMs, sessionId: text("session-1"), caller, client }],
    "session.closed": [
      { type: "session.closed", timeMs, sessionId: text("session-1"), reason: "client", caller, durationSeconds },
    ],
    "server.tools_changed": [
      {
        type: "server.tools_changed",
        timeMs,
        server,
        changes: [{ tool: text("add"), change: "changed", digest: text("0f1e2d") }],
        total: { added: 0, removed: 0, changed: 1 },
      },
    ],
    "task.finished": outcomes(text)
      .filter(isEndOfTask)
      .map((outcome, index) => sampleTask(text, outcome, index)),
    "batch.finished": [
      {
        type: "batch.finished",
        timeMs,
        batchId: "batch-1",
        result: "partial",
        size: 2,
        durationSeconds,
        items: { success: 1, error: 1, timeout: 0, rejected: 0, cancelled: 0 },
        cancellation: undefined,
      },
    ],
    "health_check.finished": [
      {
        type: "health_check.finished",
        timeMs,
        server,
        result: "unhealthy",
        durationSeconds,
        consecutiveFailures: 1,
        message: text("no answer"),
      },
    ],
    "server.registered": [
      { type: "server.registered", timeMs, server, mode: "subprocess", origin: "config", source: text("hangar.yaml") },
      { type: "server.registered", timeMs, server, mode: "remote", origin: "runtime", caller },
    ],
    "server.unregistered": [{ type: "server.unregistered", timeMs, server }],
    "server.state_changed": [
      { type: "server.state_changed", timeMs, server, from: "ready", to: "degraded", cause: "check_failed" },
    ],
    "server.start_finished": [
      { ...start, result: "success", diagnosis: undefined },
      { ...start, result: "failure", diagnosis: text("exit code 127: command not found") },
    ],
    "server.stopped": [
      { ...stop, reason: "idle", message: undefined },
      { ...stop, reason: "crashed", message: text("exit code 1") },
    ],
    "server.tools_listed": [{ type: "server.tools_listed", timeMs, server, tools: [name("add")] }],
    "server.list_faulty": [
      {
        type: "server.list_faulty",
        timeMs,
        server,
        list: "tools",
        mended: 1,
        leftOut: 0,
        shown: [{ name: text("add"), action: "mended", reason: text("no schema") }],
      },
    ],
    "circuit_breaker.state_changed": [
      { type: "circuit_breaker.state_changed", timeMs, server, from: "closed", to: "open" },
    ],
    "upstream_request.finished": [
      { type: "upstream_request.finished", timeMs, server, method: "POST", status: "200", durationSeconds },
    ],
    "discovery.cycle_finished": [
      {
        type: "discovery.cycle_finished",
        timeMs,
        source: name("folder"),
        durationSeconds,
        registered: 1,
        deregistered: 0,
        error: undefined,
        problems: [text("math.json is not JSON")],
      },
    ],
    "idle_sweep.finished": [
      { type: "idle_sweep.finished", timeMs, durationSeconds, collected: { idle: 1, expired: 0 } },
    ],
    "authentication.succeeded": [{ type: "authentication.succeeded", timeMs, door: "rest", caller, client }],
    "authentication.failed": [
      { type: "authentication.failed", timeMs, reason: "unknown_api_key", remoteAddress, door: "mcp", origin: "mcp" },
    ],
    "config.reloaded": [
      { ...reload, result: "success", trigger: "file", caller: undefined, message: text("1 server changed") },
      { ...reload, result: "failure", trigger: "request", caller, message: text("mcp_servers: unknown key") },
    ],
    "gateway.started": [{ type: "gateway.started", timeMs, version: "1.2.3" }],
    "gateway.stopped": [{ type: "gateway.stopped", timeMs, uptimeSeconds: 3_600 }],
  };
}

/** Every way in which a call or another request can end. */
function outcomes(text: SampleText): readonly CallOutcome[] {
  const message = text("the server said no");
  return [
    ...RESULT_TYPES.map((resultType) => ({ status: "success", resultType }) as const),
    ...ERROR_TYPES.map((errorType) =>
      errorType === "timeout"
        ? ({ status: "timeout", errorType, message } as const)
        : ({ status: "error", errorType, message } as const),
    ),
    ...REJECTION_REASONS.map((reason) => ({ status: "rejected", reason, message }) as const),
    { status: "cancelled", message },
  ];
}

function sampleCall(text: SampleText, outcome: CallOutcome, index: number): CallFinished {
  const isRejected = outcome.status === "rejected";
  return {
    type: "call.finished",
    timeMs: SAMPLE_TIME_MS,
    callId: `call-${index}`,
    origin: "mcp",
    server: isRejected ? undefined : registeredName(text("math")),
    tool: isRejected ? undefined : registeredName(text("add")),
    requestedServer: text("math"),
    requestedTool: text("add"),
    outcome,
    durationSeconds: 0.012_345,
    coldStart: false,
    caller: sampleCaller(text),
    client: sampleClient(text),
    decision: { result: isRejected ? "denied" : "allowed", by: text("role:operator") },
    correlation: { traceId: text("trace"), userId: text("user"), sessionId: text("conversation") },
    trace: { traceId: "4bf92f3577b34da6a3ce929d0e0e4736", spanId: "00f067aa0ba902b7", sampled: true },
    group: registeredName(text("pool")),
    attempts: isRejected ? [] : [sampleAttempt(text)],
    rpcErrorCode: outcome.status === "error" ? -32_603 : undefined,
    batch: { id: text("batch-1"), index: 0, attempt: 1 },
    usage: { cost: 0.25, currency: "USD", model: text("large-1"), inputTokens: 120, outputTokens: 30 },
    arguments: new Sensitive({ canary: "arguments" }),
    result: new Sensitive({ canary: "result" }),
  };
}

function sampleRequest(text: SampleText, outcome: CallOutcome, index: number): RequestFinished {
  return {
    type: "request.finished",
    timeMs: SAMPLE_TIME_MS,
    requestId: `request-${index}`,
    method: REQUEST_METHODS[index % REQUEST_METHODS.length] ?? "_other",
    server: registeredName(text("math")),
    subject: text("file:///notes.txt"),
    outcome,
    durationSeconds: 0.001,
    caller: sampleCaller(text),
    client: sampleClient(text),
    trace: undefined,
    attempts: [sampleAttempt(text)],
    rpcErrorCode: undefined,
  };
}

/** What is refused, or answered with something that is no result, makes no task. */
function isEndOfTask(outcome: CallOutcome): boolean {
  return outcome.status === "success" ? outcome.resultType === "complete" : outcome.status !== "rejected";
}

function sampleTask(text: SampleText, outcome: CallOutcome, index: number): TaskFinished {
  return {
    type: "task.finished",
    timeMs: SAMPLE_TIME_MS,
    taskId: `task-${index}`,
    callId: `call-${index}`,
    server: registeredName(text("math")),
    tool: registeredName(text("add")),
    outcome,
    durationSeconds: 60.5,
    caller: sampleCaller(text),
    client: sampleClient(text),
    trace: undefined,
    group: registeredName(text("pool")),
    rpcErrorCode: outcome.status === "error" ? -32_603 : undefined,
  };
}

function sampleCaller(text: SampleText): Caller {
  return {
    type: "jwt",
    id: registeredName(text("ada")),
    roles: [text("operator")],
    credential: text("jwt:https://issuer.example:ada"),
    token: { issuer: text("https://issuer.example"), subject: text("ada"), actors: [text("agent-7")] },
  };
}

function sampleClient(text: SampleText): Client {
  return {
    transport: "http",
    address: text("192.0.2.7"),
    userAgent: text("example/1.0"),
    name: text("example-client"),
    version: text("1.0.0"),
    protocolVersion: text("2025-11-25"),
    sessionId: text("session-1"),
    rpcId: text("7"),
  };
}

function sampleAttempt(text: SampleText): Attempt {
  return {
    server: registeredName(text("math")),
    mode: "remote",
    protocolVersion: text("2026-07-28"),
    address: text("math.example:8443"),
    waitedSeconds: 0.001,
    coldStartSeconds: undefined,
    upstreamSeconds: 0.01,
    requestBytes: 120,
    responseBytes: 340,
    code: "success",
  };
}
