import {
  type Caller,
  type CallFacts,
  callFacts,
  type EventIds,
  isAudited,
  milliseconds,
  type RequestFacts,
  redactText,
  requestFacts,
  type TaskFacts,
  taskFacts,
} from "@mcp-hangar/telemetry";
import { z } from "zod";
import { noiseOf } from "../../noise/noise-of.ts";
import type { RecordedEvent } from "../../noise/recorded-event.ts";

/**
 * What an event is about, for those who keep events: refused requests, of which anybody can cause any number; calls and other work;
 * what happens on a schedule; and what has changed.
 */
export type EventKind = "noise" | "calls" | "routine" | "changes";

type EventFields = Readonly<Record<string, unknown>>;

/** What of an event may be shown, picked at once: an event itself holds arguments and results, which must not be kept. */
export interface EventView {
  readonly type: RecordedEvent["type"];
  readonly timeMs: number;
  /** The id that the event has in every export; `undefined` when it is in none. */
  readonly eventId: string | undefined;
  /** The server it is about; `undefined` when it is about none. */
  readonly server: string | undefined;
  readonly tool: string | undefined;
  readonly fields: EventFields;
}

/** Characters that are shown of one message. */
const TEXT_CHARS_MAX = 2_000;

/** An allow list: a field that is not named here is not shown. Messages are redacted, because they may quote servers. */
const FIELDS: {
  readonly [Type in RecordedEvent["type"]]: (event: Extract<RecordedEvent, { readonly type: Type }>) => EventFields;
} = {
  "call.finished": (event) => ({
    call_id: event.callId,
    batch_id: event.batch?.id,
    origin: event.origin,
    ...endFields(callFacts(event)),
    cold_start: event.coldStart,
  }),
  "request.finished": (event) => {
    const facts = requestFacts(event);
    const { requestId, method, subject } = facts;
    return { request_id: requestId, method, subject, ...endFields(facts) };
  },
  "task.finished": (event) => {
    const facts = taskFacts(event);
    return { task_id: facts.taskId, call_id: facts.callId, ...endFields(facts) };
  },
  "batch.finished": ({ batchId, result, size, items, cancellation, durationSeconds }) => ({
    batch_id: batchId,
    result,
    size,
    items,
    cancellation,
    duration_ms: milliseconds(durationSeconds),
  }),
  "health_check.finished": ({ result, consecutiveFailures, message, durationSeconds }) => ({
    result,
    consecutive_failures: consecutiveFailures,
    message: redacted(message),
    duration_ms: milliseconds(durationSeconds),
  }),
  "access.denied": ({ door, reason, permission, caller, remoteAddress }) => ({
    door,
    reason,
    permission,
    caller: shownCaller(caller),
    remote_address: remoteAddress,
  }),
  "operation.finished": ({ operationId, operation, effect, door, target, outcome, durationSeconds, caller }) => ({
    operation_id: operationId,
    operation,
    effect,
    door,
    target: redacted(target),
    outcome,
    duration_ms: milliseconds(durationSeconds),
    caller: shownCaller(caller),
  }),
  // Ids of sessions are as good as keys where nobody is asked who they are.
  "session.opened": ({ caller, client }) => ({
    client: redacted(client.name),
    protocol_version: client.protocolVersion,
    caller: shownCaller(caller),
  }),
  "session.closed": ({ reason, caller, durationSeconds }) => ({
    reason,
    duration_ms: milliseconds(durationSeconds),
    caller: shownCaller(caller),
  }),
  // Names of tools may be hidden from those who follow the stream.
  "server.tools_changed": ({ total }) => total,
  // The path of the configuration is the operator's; the name of a discovery source is in the list of servers.
  "server.registered": ({ mode, origin, caller, source }) => ({
    mode,
    origin,
    caller: shownCaller(caller),
    source: origin === "discovery" ? source : undefined,
  }),
  "server.unregistered": () => ({}),
  "server.state_changed": ({ from, to, cause }) => ({ from, to, cause }),
  "server.start_finished": ({ result, diagnosis, durationSeconds }) => ({
    result,
    diagnosis: redacted(diagnosis),
    duration_ms: milliseconds(durationSeconds),
  }),
  "server.stopped": ({ reason, message }) => ({ reason, message: redacted(message) }),
  "server.tools_listed": ({ tools }) => ({ count: tools.length }),
  // Names of tools may be hidden from those who follow the stream.
  "server.list_faulty": ({ list, mended, leftOut }) => ({ list, mended, left_out: leftOut }),
  "circuit_breaker.state_changed": ({ from, to }) => ({ from, to }),
  "upstream_request.finished": ({ method, status, durationSeconds }) => ({
    method,
    status,
    duration_ms: milliseconds(durationSeconds),
  }),
  "discovery.cycle_finished": ({ source, registered, deregistered, error, durationSeconds }) => ({
    source,
    registered,
    deregistered,
    error: redacted(error),
    duration_ms: milliseconds(durationSeconds),
  }),
  "idle_sweep.finished": ({ collected, durationSeconds }) => ({
    collected,
    duration_ms: milliseconds(durationSeconds),
  }),
  "authentication.succeeded": ({ door, caller, client }) => ({
    door,
    caller: shownCaller(caller),
    remote_address: client.address,
  }),
  "authentication.failed": ({ door, reason, remoteAddress }) => ({ door, reason, remote_address: remoteAddress }),
  "config.reloaded": ({ result, trigger, caller, message }) => ({
    result,
    trigger,
    caller: shownCaller(caller),
    message: redacted(message),
  }),
  "events.repeated": ({ of, reason, caller, remoteAddress, count, seconds }) => ({
    of,
    reason,
    caller: shownCaller(caller),
    remote_address: remoteAddress,
    count,
    seconds,
  }),
  "gateway.started": ({ version }) => ({ version }),
  "gateway.stopped": ({ uptimeSeconds }) => ({ uptime_seconds: uptimeSeconds }),
};

/** Every type of event there is. */
export const EVENT_TYPES = Object.keys(FIELDS) as RecordedEvent["type"][];

/** The data of one event of the stream. */
export const eventData = z.looseObject({
  type: z.enum(EVENT_TYPES),
  time: z.iso.datetime().describe("When it happened."),
  event_id: z.string().optional().describe("Id of the event, the same in audit records and in the history."),
  mcp_server: z.string().optional().describe("The server it is about."),
  tool: z.string().optional(),
});

/** Picks what may be shown. */
export function viewOf(event: RecordedEvent, ids: EventIds): EventView {
  // Each function is kept under the type of the events it takes.
  const fields = FIELDS[event.type] as (event: RecordedEvent) => EventFields;
  return {
    type: event.type,
    timeMs: event.timeMs,
    eventId: event.type !== "events.repeated" && isAudited(event.type) ? ids.of(event) : undefined,
    server: "server" in event ? event.server : undefined,
    tool: event.type === "call.finished" || event.type === "task.finished" ? event.tool : undefined,
    fields: fields(event),
  };
}

/** How a call or another request ended. Its message, its arguments and its result are between the caller and the server. */
function endFields({ status, cause, durationMs, caller, trace }: CallFacts | RequestFacts | TaskFacts): EventFields {
  return {
    status,
    error_type: status === "rejected" ? undefined : cause,
    reason: status === "rejected" ? cause : undefined,
    duration_ms: durationMs,
    caller: shownCaller(caller),
    trace_id: trace?.traceId,
  };
}

/** What an event is about. */
export function kindOf(event: RecordedEvent): EventKind {
  switch (event.type) {
    case "call.finished":
    case "request.finished":
      return event.outcome.status === "rejected" ? "noise" : "calls";
    case "events.repeated":
    case "authentication.failed":
    case "access.denied":
      return "noise";
    case "operation.finished":
      // Operations that were refused have changed nothing, and would drive out those that have.
      if (noiseOf(event) !== undefined) return "noise";
      return event.effect === "read" ? "calls" : "changes";
    case "authentication.succeeded":
      // One an hour for each credential and place, and otherwise one for each session.
      return event.client.sessionId === undefined ? "routine" : "calls";
    case "session.opened":
    case "session.closed":
    case "batch.finished":
    case "task.finished":
    case "upstream_request.finished":
      return "calls";
    case "health_check.finished":
    case "discovery.cycle_finished":
    case "idle_sweep.finished":
    case "server.tools_listed":
      return "routine";
    default:
      return "changes";
  }
}

/** The JSON text of a view. */
export function writeView({ type, timeMs, eventId, server, tool, fields }: EventView): string {
  const time = new Date(timeMs).toISOString();
  return JSON.stringify({ type, time, event_id: eventId, mcp_server: server, tool, ...fields });
}

function shownCaller(caller: Caller): EventFields;
function shownCaller(caller: Caller | undefined): EventFields | undefined;
function shownCaller(caller: Caller | undefined): EventFields | undefined {
  return caller === undefined ? undefined : { type: caller.type, id: caller.id };
}

function redacted(text: string | undefined): string | undefined {
  return text === undefined ? undefined : redactText(text, TEXT_CHARS_MAX);
}
