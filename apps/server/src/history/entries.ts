import {
  type CallFacts,
  type CallStatus,
  callFacts,
  FACT_MESSAGE_CHARS_MAX,
  type HangarEvent,
  type HangarEventOf,
  type RequestFacts,
  redactText,
  requestFacts,
  type TaskFacts,
  taskFacts,
} from "@mcp-hangar/telemetry";

/**
 * A finished call or another finished request as it is kept. Arguments and results are not: they may be large, and they are not the
 * operators'.
 */
export interface CallEntry {
  readonly kind: "call" | "task" | "request";
  readonly timeMs: number;
  /** Id of the call, task or request: that of its event. */
  readonly callId: string;
  /** Method of MCP; `tools/call` for every call, whichever way it came, and `task` for the end of one. */
  readonly method: string;
  /** Empty for a request that was for no single server. */
  readonly server: string;
  /** The tool; for other requests the URI or prompt that they are about, empty without one. */
  readonly subject: string;
  readonly status: CallStatus;
  /** Error type or rejection reason. */
  readonly cause: string | null;
  readonly message: string | null;
  readonly durationMs: number;
  readonly coldStart: boolean;
  readonly origin: string;
  readonly callerType: string;
  readonly caller: string;
  readonly batchId: string | null;
  readonly sessionId: string | null;
  readonly userId: string | null;
  readonly traceId: string | null;
}

/** A line of the log of one server. */
export interface LogEntry {
  readonly kind: "log";
  readonly timeMs: number;
  readonly server: string;
  /** Who wrote it: the server, or the gateway about the server. */
  readonly stream: LogStream;
  readonly line: string;
}

export const LOG_STREAMS = ["stderr", "gateway"] as const;
export type LogStream = (typeof LOG_STREAMS)[number];

export type HistoryEntry = CallEntry | LogEntry;

/** The method of all tool calls. */
export const CALL_METHOD = "tools/call";

/** In the place of a method for the end of a task, which nobody asks for. */
export const TASK_METHOD = "task";

/** What the history keeps of an event; `undefined` when it is not about a call, another request or one server's life. */
export function entryOf(event: HangarEvent): HistoryEntry | undefined {
  if (event.type === "call.finished") return callEntry(callFacts(event));
  if (event.type === "task.finished") return taskEntry(taskFacts(event));
  if (event.type === "request.finished") return requestEntry(requestFacts(event));
  const line = lineOf(event);
  if (line === undefined || !("server" in event) || event.server === undefined) return undefined;
  return {
    kind: "log",
    timeMs: event.timeMs,
    server: event.server,
    stream: "gateway",
    line: redactText(line, FACT_MESSAGE_CHARS_MAX),
  };
}

/** A line that a server wrote to its stderr. */
export function stderrEntry(timeMs: number, server: string, line: string): LogEntry {
  return { kind: "log", timeMs, server, stream: "stderr", line: redactText(line, FACT_MESSAGE_CHARS_MAX) };
}

function callEntry(facts: CallFacts): CallEntry {
  return {
    kind: "call",
    callId: facts.callId,
    method: CALL_METHOD,
    server: facts.server,
    subject: facts.tool,
    ...endOf(facts),
    coldStart: facts.coldStart,
    origin: facts.origin,
    batchId: facts.batch?.id ?? null,
    sessionId: facts.sessionId ?? null,
    userId: facts.userId ?? null,
    traceId: facts.traceId ?? null,
  };
}

function taskEntry(facts: TaskFacts): CallEntry {
  return {
    kind: "task",
    callId: facts.taskId,
    method: TASK_METHOD,
    server: facts.knownServer ?? "",
    subject: facts.tool,
    ...endOf(facts),
    coldStart: false,
    origin: "mcp",
    batchId: null,
    sessionId: null,
    userId: null,
    traceId: facts.trace?.traceId ?? null,
  };
}

function requestEntry(facts: RequestFacts): CallEntry {
  return {
    kind: "request",
    callId: facts.requestId,
    method: facts.method,
    server: facts.knownServer ?? "",
    subject: facts.subject ?? "",
    ...endOf(facts),
    coldStart: facts.attempts.some(({ coldStartSeconds }) => coldStartSeconds !== undefined),
    origin: facts.client.transport === "library" ? "library" : "mcp",
    batchId: null,
    sessionId: null,
    userId: null,
    traceId: facts.trace?.traceId ?? null,
  };
}

/** How a call or another request ended, and whose it was. */
function endOf(
  facts: CallFacts | RequestFacts | TaskFacts,
): Pick<CallEntry, "timeMs" | "status" | "cause" | "message" | "durationMs" | "callerType" | "caller"> {
  return {
    timeMs: facts.timeMs,
    status: facts.status,
    cause: facts.cause ?? null,
    message: facts.message ?? null,
    durationMs: facts.durationMs,
    callerType: facts.caller.type,
    caller: facts.caller.id,
  };
}

function lineOf(event: HangarEvent): string | undefined {
  switch (event.type) {
    case "server.registered":
      return registrationLine(event);
    case "server.unregistered":
      return "removed";
    case "server.state_changed":
      return `${event.from} → ${event.to}: ${event.cause}`;
    case "server.start_finished": {
      const took = `after ${event.durationSeconds.toFixed(3)} s`;
      return event.result === "success" ? `started ${took}` : `start failed ${took}: ${event.diagnosis ?? ""}`;
    }
    case "server.stopped":
      return `stopped (${event.reason})${event.message === undefined ? "" : `: ${event.message}`}`;
    case "circuit_breaker.state_changed":
      return `circuit breaker ${event.from} → ${event.to}`;
    case "health_check.finished":
      // A healthy server is checked every minute for weeks; only what is wrong is worth a line.
      return event.result === "unhealthy" ? `health check failed: ${event.message ?? ""}` : undefined;
    default:
      return undefined;
  }
}

function registrationLine({ mode, origin, caller, source }: HangarEventOf<"server.registered">): string {
  const by = caller === undefined ? "" : ` by ${caller.id}`;
  const from = source === undefined ? "" : ` (${source})`;
  return `registered (${mode}) from ${origin}${from}${by}`;
}
