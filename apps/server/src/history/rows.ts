import type { SQLInputValue } from "node:sqlite";
import { CALL_METHOD, type CallEntry, type LogEntry, TASK_METHOD } from "./entries.ts";
import type { CallRow, LogRow } from "./queries.ts";

export const INSERT_CALL = `INSERT INTO calls (time_ms, call_id, server, tool, status, cause, message, duration_ms, cold_start, origin,
  caller_type, caller, batch_id, session_id, user_id, trace_id, method) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`;
export const INSERT_LOG = "INSERT INTO logs (time_ms, server, stream, line) VALUES (?, ?, ?, ?)";

/** A call or another request, as the columns of `INSERT_CALL`. */
export function callValues(call: CallEntry): SQLInputValue[] {
  return [
    call.timeMs,
    call.callId,
    call.server,
    call.subject,
    call.status,
    call.cause,
    call.message,
    call.durationMs,
    Number(call.coldStart),
    call.origin,
    call.callerType,
    call.caller,
    call.batchId,
    call.sessionId,
    call.userId,
    call.traceId,
    call.method,
  ];
}

/** A line of a log, as the columns of `INSERT_LOG`. */
export function logValues({ timeMs, server, stream, line }: LogEntry): SQLInputValue[] {
  return [timeMs, server, stream, line];
}

/** A row as callers of the interface see it; the columns are what {@link callValues} put there. */
export function callRowOf({
  time_ms: timeMs,
  cold_start: coldStart,
  tool,
  server,
  ...row
}: Record<string, unknown>): CallRow {
  const isCall = row.method === CALL_METHOD;
  const isTask = row.method === TASK_METHOD;
  return {
    ...(row as Omit<CallRow, "kind" | "time" | "cold_start" | "tool" | "subject" | "server">),
    kind: isCall ? "call" : isTask ? "task" : "request",
    // A call may have been without a name.
    server: isCall ? String(server) : textOrNull(server),
    tool: isCall || isTask ? String(tool) : null,
    subject: isCall || isTask ? null : textOrNull(tool),
    time: isoTime(timeMs),
    cold_start: coldStart === 1,
  };
}

/** The same of a line. */
export function logRowOf({ time_ms: timeMs, ...row }: Record<string, unknown>): LogRow {
  return { ...(row as Omit<LogRow, "time">), time: isoTime(timeMs) };
}

function textOrNull(text: unknown): string | null {
  return text === "" ? null : String(text);
}

function isoTime(timeMs: unknown): string {
  return new Date(Number(timeMs)).toISOString();
}
