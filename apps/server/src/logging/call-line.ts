import type { CallFacts } from "@mcp-hangar/telemetry";
import type { LogLevel } from "../config/schema.ts";
import { type LogLine, SERVICE } from "./line.ts";

/** Characters of a text in a line. */
const TEXT_MAX = 500;

const EVENT_NAMES: Readonly<Record<CallFacts["status"], string>> = {
  success: "tool_invoked",
  error: "tool_failed",
  timeout: "tool_timed_out",
  rejected: "tool_rejected",
  cancelled: "tool_cancelled",
};

/** The severity of a finished call: failures are warnings, because the gateway did its work. */
export function callLevel(status: CallFacts["status"]): LogLevel {
  return status === "success" || status === "cancelled" ? "info" : "warning";
}

/** A finished call as a line, for any format. */
export function callLine(facts: CallFacts): LogLine {
  const { status, message } = facts;
  return {
    kind: "line",
    timeMs: facts.timeMs,
    level: callLevel(status),
    event: EVENT_NAMES[status],
    fields: {
      mcp_server: facts.server,
      tool: facts.tool,
      group: facts.group,
      status,
      duration_ms: facts.durationMs,
      caller: facts.caller.id,
      origin: facts.origin,
      call_id: facts.callId,
      cold_start: facts.coldStart || undefined,
      [status === "rejected" ? "reason" : "error_type"]: facts.cause,
      message: message === undefined ? undefined : cut(message),
      batch_id: facts.batch?.id,
      session: facts.sessionId,
      user_id: facts.userId,
    },
    trace: facts.trace,
  };
}

/**
 * The same as a JSON line: what the JSON format makes of {@link callLine}, at a fraction of the time,
 * because there is one such line for every call.
 */
export function callLineJson(facts: CallFacts): string {
  const { status, trace, group, cause, message, batch, sessionId, userId } = facts;
  let json = `{"level":"${callLevel(status)}","timestamp":"${isoTime(facts.timeMs)}","event":"${EVENT_NAMES[status]}"`;
  json += `,"service":"${SERVICE}","mcp_server":${quote(facts.server)},"tool":${quote(facts.tool)}`;
  if (group !== undefined) json += `,"group":${quote(group)}`;
  json += `,"status":"${status}","duration_ms":${facts.durationMs}`;
  json += `,"caller":${quote(facts.caller.id)},"origin":"${facts.origin}","call_id":"${facts.callId}"`;
  if (facts.coldStart) json += ',"cold_start":true';
  if (cause !== undefined) json += `,"${status === "rejected" ? "reason" : "error_type"}":"${cause}"`;
  if (message !== undefined) json += `,"message":${quote(cut(message))}`;
  if (batch !== undefined) json += `,"batch_id":${quote(batch.id)}`;
  if (sessionId !== undefined) json += `,"session":${quote(sessionId)}`;
  if (userId !== undefined) json += `,"user_id":${quote(userId)}`;
  if (trace !== undefined) json += `,"trace_id":"${trace.traceId}","span_id":"${trace.spanId}"`;
  return `${json}}\n`;
}

/** Names as they normally are: short words that need no escape. */
const PLAIN = /^[a-z0-9_.-]{0,40}$/;
/** Text that holds no secrets any more. */
function quote(safe: string): string {
  return PLAIN.test(safe) ? `"${safe}"` : JSON.stringify(safe);
}

let lastTimeMs = Number.NaN;
let lastIso = "";

/** Calls of one millisecond share their text. */
function isoTime(timeMs: number): string {
  const whole = Math.trunc(timeMs);
  if (whole !== lastTimeMs) {
    lastIso = new Date(whole).toISOString();
    lastTimeMs = whole;
  }
  return lastIso;
}

function cut(text: string): string {
  return text.length <= TEXT_MAX ? text : `${text.slice(0, TEXT_MAX)}…`;
}
