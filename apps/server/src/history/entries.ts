import {
  type CallFacts,
  type CallStatus,
  callFacts,
  type HangarEvent,
  type HangarEventOf,
  redactText,
} from "@mcp-hangar/telemetry";

/** A finished call as it is kept. Arguments and results are not: they may be large, and they are not the operators'. */
export interface CallEntry {
  readonly kind: "call";
  readonly timeMs: number;
  readonly callId: string;
  readonly server: string;
  readonly tool: string;
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

/** Characters kept of whatever callers and servers write. */
const TEXT_MAX = 2_000;

/** What the history keeps of an event; `undefined` when it is not about a call or one server's life. */
export function entryOf(event: HangarEvent): HistoryEntry | undefined {
  if (event.type === "call.finished") return callEntry(callFacts(event));
  const line = lineOf(event);
  if (line === undefined || !("server" in event) || event.server === undefined) return undefined;
  return {
    kind: "log",
    timeMs: event.timeMs,
    server: event.server,
    stream: "gateway",
    line: redactText(line, TEXT_MAX),
  };
}

/** A line that a server wrote to its stderr. */
export function stderrEntry(timeMs: number, server: string, line: string): LogEntry {
  return { kind: "log", timeMs, server, stream: "stderr", line: redactText(line, TEXT_MAX) };
}

function callEntry(facts: CallFacts): CallEntry {
  return {
    kind: "call",
    timeMs: facts.timeMs,
    callId: facts.callId,
    server: facts.server,
    tool: facts.tool,
    status: facts.status,
    cause: facts.cause ?? null,
    message: facts.message ?? null,
    durationMs: facts.durationMs,
    coldStart: facts.coldStart,
    origin: facts.origin,
    callerType: facts.caller.type,
    caller: facts.caller.id,
    batchId: facts.batch?.id ?? null,
    sessionId: facts.sessionId ?? null,
    userId: facts.userId ?? null,
    traceId: facts.traceId ?? null,
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
