import { type CallFinished, redactText, type TraceRef } from "@mcp-hangar/telemetry";
import type { LogLevel } from "../config/schema.ts";
import { type LogLine, SERVICE } from "./line.ts";

/**
 * What the log keeps of a finished call until it is written. The event itself is not kept: it holds arguments and
 * result, and a queue of them behind a reader that stalls would be a queue of payloads.
 */
export interface CallRecord {
  readonly kind: "call";
  readonly timeMs: number;
  readonly callId: string;
  readonly server: string;
  readonly tool: string;
  /** The group that was called, when the server is a member that took the call. */
  readonly group: string | undefined;
  readonly status: CallFinished["outcome"]["status"];
  readonly durationSeconds: number;
  readonly origin: string;
  readonly caller: string;
  readonly coldStart: boolean;
  /** Error type or rejection reason. */
  readonly cause: string | undefined;
  readonly message: string | undefined;
  readonly batchId: string | undefined;
  readonly sessionId: string | undefined;
  readonly userId: string | undefined;
  readonly trace: TraceRef | undefined;
}

/** Characters written of names and messages: callers and upstreams write them, of any length. */
const TEXT_MAX = 500;
/** Characters kept of a message until it is written: a secret that the cut would halve must still be recognised. */
const MESSAGE_KEPT_CHARS = TEXT_MAX + 1_024;

const EVENT_NAMES: Readonly<Record<CallRecord["status"], string>> = {
  success: "tool_invoked",
  error: "tool_failed",
  timeout: "tool_timed_out",
  rejected: "tool_rejected",
  cancelled: "tool_cancelled",
};

/** The severity of a finished call: failures are warnings, because the gateway did its work. */
export function callLevel(status: CallRecord["status"]): LogLevel {
  return status === "success" || status === "cancelled" ? "info" : "warning";
}

/** Takes from the event what its line will need; no text is built here. */
export function callRecord(event: CallFinished): CallRecord {
  const { outcome, correlation } = event;
  return {
    kind: "call",
    timeMs: event.timeMs,
    callId: event.callId,
    server: event.server ?? cut(event.requestedServer),
    tool: event.tool ?? cut(event.requestedTool),
    // A name that leads to a server of another name is that of a group.
    group:
      event.server === undefined || event.server === event.requestedServer ? undefined : cut(event.requestedServer),
    status: outcome.status,
    durationSeconds: event.durationSeconds,
    origin: event.origin,
    caller: event.caller.id,
    coldStart: event.coldStart,
    cause: causeOf(outcome),
    message: outcome.status === "success" ? undefined : outcome.message.slice(0, MESSAGE_KEPT_CHARS),
    batchId: event.batchId,
    sessionId: cutOptional(correlation.sessionId),
    userId: cutOptional(correlation.userId),
    trace: event.trace,
  };
}

function causeOf(outcome: CallFinished["outcome"]): string | undefined {
  if (outcome.status === "error" || outcome.status === "timeout") return outcome.errorType;
  return outcome.status === "rejected" ? outcome.reason : undefined;
}

/** The record as a line, for any format. */
export function callLine(record: CallRecord): LogLine {
  return {
    kind: "line",
    timeMs: record.timeMs,
    level: callLevel(record.status),
    event: EVENT_NAMES[record.status],
    fields: {
      mcp_server: record.server,
      tool: record.tool,
      group: record.group,
      status: record.status,
      duration_ms: milliseconds(record.durationSeconds),
      caller: record.caller,
      origin: record.origin,
      call_id: record.callId,
      cold_start: record.coldStart || undefined,
      [record.status === "rejected" ? "reason" : "error_type"]: record.cause,
      message: record.message === undefined ? undefined : redactText(record.message, TEXT_MAX),
      batch_id: record.batchId,
      session: record.sessionId,
      user_id: record.userId,
    },
    trace: record.trace,
  };
}

/**
 * The record as a JSON line: what the JSON format makes of {@link callLine}, at a fraction of the time,
 * because there is one such line for every call.
 */
export function callLineJson(record: CallRecord): string {
  const { status, trace } = record;
  let json = `{"level":"${callLevel(status)}","timestamp":"${isoTime(record.timeMs)}","event":"${EVENT_NAMES[status]}"`;
  json += `,"service":"${SERVICE}","mcp_server":${quote(record.server)},"tool":${quote(record.tool)}`;
  if (record.group !== undefined) json += `,"group":${quote(record.group)}`;
  json += `,"status":"${status}","duration_ms":${milliseconds(record.durationSeconds)}`;
  json += `,"caller":${quote(record.caller)},"origin":"${record.origin}","call_id":"${record.callId}"`;
  if (record.coldStart) json += ',"cold_start":true';
  if (record.cause !== undefined) json += `,"${status === "rejected" ? "reason" : "error_type"}":"${record.cause}"`;
  if (record.message !== undefined) json += `,"message":${quote(record.message)}`;
  if (record.batchId !== undefined) json += `,"batch_id":${quote(record.batchId)}`;
  if (record.sessionId !== undefined) json += `,"session":${quote(record.sessionId)}`;
  if (record.userId !== undefined) json += `,"user_id":${quote(record.userId)}`;
  if (trace !== undefined) json += `,"trace_id":"${trace.traceId}","span_id":"${trace.spanId}"`;
  return `${json}}\n`;
}

/** Names as they normally are: short words that need no escape. */
const PLAIN = /^[a-z0-9_.-]{0,40}$/;
/** Shorter texts are not looked for: neither known secrets nor tokens are. */
const SECRET_CHARS_MIN = 6;

function quote(text: string): string {
  const safe = text.length < SECRET_CHARS_MIN ? text : redactText(text, TEXT_MAX);
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

/** Milliseconds with microseconds as decimals. */
function milliseconds(seconds: number): number {
  return Math.round(seconds * 1e6) / 1e3;
}

function cut(text: string): string {
  return text.length <= TEXT_MAX ? text : `${text.slice(0, TEXT_MAX)}…`;
}

function cutOptional(text: string | undefined): string | undefined {
  return text === undefined ? undefined : cut(text);
}
