import { causeOf, milliseconds } from "@mcp-hangar/telemetry";
import type { LogLevel } from "../config/schema.ts";
import type { RecordedEvent } from "../noise/recorded-event.ts";
import type { LogLine } from "./line.ts";

type OtherEvent = Exclude<RecordedEvent, { readonly type: "call.finished" }>;
type Content = readonly [LogLevel, string, Readonly<Record<string, unknown>>];

/** The line of every event but a finished call, which has a quicker way of its own. */
export function eventLine(event: OtherEvent): LogLine {
  const [level, name, fields] = contentOf(event);
  return {
    kind: "line",
    timeMs: event.timeMs,
    level,
    event: name,
    fields,
    trace: "trace" in event ? event.trace : undefined,
  };
}

function contentOf(event: OtherEvent): Content {
  switch (event.type) {
    case "batch.finished": {
      const { batchId, result, size, items, cancellation } = event;
      const level = result === "success" ? "info" : "warning";
      const fields = {
        batch_id: batchId,
        result,
        size,
        duration_ms: milliseconds(event.durationSeconds),
        items,
        cancellation,
      };
      return [level, "batch_finished", fields];
    }
    case "health_check.finished": {
      const { server, result, consecutiveFailures, message } = event;
      const level = result === "unhealthy" ? "warning" : "debug";
      const fields = { mcp_server: server, result, duration_ms: milliseconds(event.durationSeconds) };
      return [level, "health_check_finished", { ...fields, consecutive_failures: consecutiveFailures, message }];
    }
    case "request.finished": {
      const { requestId, method, server, subject, outcome, caller } = event;
      const { status } = outcome;
      const level = status === "success" || status === "cancelled" ? "debug" : "warning";
      // Texts are searched for secrets when the line is written, which is not on the time of the caller.
      const fields = {
        request_id: requestId,
        method,
        mcp_server: server,
        subject,
        status,
        [status === "rejected" ? "reason" : "error_type"]: causeOf(outcome),
        duration_ms: milliseconds(event.durationSeconds),
        caller: caller.id,
        message: "message" in outcome ? outcome.message : undefined,
      };
      return [level, "request_finished", fields];
    }
    case "task.finished": {
      const { taskId, callId, server, tool, group, outcome, caller } = event;
      const { status } = outcome;
      const level = status === "success" || status === "cancelled" ? "info" : "warning";
      const fields = {
        task_id: taskId,
        call_id: callId,
        mcp_server: server,
        tool,
        group,
        status,
        error_type: causeOf(outcome),
        duration_ms: milliseconds(event.durationSeconds),
        caller: caller.id,
        message: "message" in outcome ? outcome.message : undefined,
      };
      return [level, "task_finished", fields];
    }
    case "access.denied": {
      const { door, reason, permission, caller, remoteAddress } = event;
      const fields = { door, reason, permission, caller: caller?.id, remote_address: remoteAddress };
      return ["warning", "access_denied", fields];
    }
    case "operation.finished": {
      const { operationId, operation, effect, door, target, outcome, change, caller } = event;
      const level = outcome === "rate_limited" ? "warning" : effect === "read" ? "debug" : "info";
      const fields = {
        operation_id: operationId,
        operation,
        target,
        outcome,
        ...change,
        caller: caller.id,
        caller_type: caller.type,
        door,
        duration_ms: milliseconds(event.durationSeconds),
      };
      return [level, "operation_finished", fields];
    }
    case "session.opened": {
      const { name, version, protocolVersion } = event.client;
      const fields = {
        caller: event.caller.id,
        client: name,
        client_version: version,
        protocol_version: protocolVersion,
      };
      return ["debug", "session_opened", fields];
    }
    case "session.closed": {
      const { reason, caller } = event;
      return [
        "debug",
        "session_closed",
        { reason, caller: caller.id, duration_ms: milliseconds(event.durationSeconds) },
      ];
    }
    case "server.tools_changed": {
      const { server, total, changes } = event;
      const level = total.changed + total.removed > 0 ? "warning" : "info";
      return [level, "mcp_server_tools_changed", { mcp_server: server, ...total, changes }];
    }
    case "server.registered": {
      const { server, mode, origin, caller, source } = event;
      return ["info", "mcp_server_registered", { mcp_server: server, mode, origin, caller: caller?.id, source }];
    }
    case "server.unregistered":
      return ["info", "mcp_server_unregistered", { mcp_server: event.server }];
    case "server.state_changed": {
      const level = event.to === "dead" ? "error" : event.to === "degraded" ? "warning" : "info";
      const { server, from, to, cause } = event;
      return [level, "mcp_server_state_changed", { mcp_server: server, from, to, cause }];
    }
    case "server.start_finished": {
      const { server, diagnosis } = event;
      const fields = { mcp_server: server, duration_ms: milliseconds(event.durationSeconds), diagnosis };
      return event.result === "success"
        ? ["info", "mcp_server_started", fields]
        : ["error", "mcp_server_start_failed", fields];
    }
    case "server.stopped": {
      const { server, reason, message } = event;
      return [reason === "crashed" ? "error" : "info", "mcp_server_stopped", { mcp_server: server, reason, message }];
    }
    case "server.tools_listed":
      return ["debug", "mcp_server_tools_listed", { mcp_server: event.server, count: event.tools.length }];
    case "server.list_faulty": {
      const { server, list, mended, leftOut, shown } = event;
      const faults = shown.map(({ name, action, reason }) => ({ name, action, reason }));
      return ["warning", "mcp_server_list_faulty", { mcp_server: server, list, mended, left_out: leftOut, faults }];
    }
    case "circuit_breaker.state_changed": {
      const { server, from, to } = event;
      return [to === "open" ? "warning" : "info", "circuit_breaker_state_changed", { mcp_server: server, from, to }];
    }
    case "upstream_request.finished": {
      const { server, method, status } = event;
      const fields = { mcp_server: server, method, status, duration_ms: milliseconds(event.durationSeconds) };
      return ["debug", "upstream_request_finished", fields];
    }
    case "discovery.cycle_finished": {
      const { source, registered, deregistered, error, problems } = event;
      const well = registered + deregistered > 0 ? "info" : "debug";
      const fields = { source, registered, deregistered, duration_ms: milliseconds(event.durationSeconds), error };
      return problems.length === 0
        ? [error === undefined ? well : "warning", "discovery_cycle_finished", fields]
        : ["warning", "discovery_cycle_finished", { ...fields, problems }];
    }
    case "idle_sweep.finished": {
      const { collected } = event;
      const level = collected.idle + collected.expired > 0 ? "info" : "debug";
      return [level, "idle_sweep_finished", { ...collected, duration_ms: milliseconds(event.durationSeconds) }];
    }
    case "authentication.succeeded": {
      const { door, caller, client } = event;
      return ["debug", "authentication_succeeded", { door, caller: caller.id, remote_address: client.address }];
    }
    case "authentication.failed": {
      const { door, reason, remoteAddress } = event;
      const fields = { door, reason, remote_address: remoteAddress };
      return ["warning", "authentication_failed", fields];
    }
    case "events.repeated": {
      const { of, reason, caller, remoteAddress, count, seconds } = event;
      const message = `${count} more like this in the last ${seconds === 1 ? "second" : `${seconds} s`}`;
      const fields = { of, reason, caller: caller?.id, remote_address: remoteAddress, count, message };
      return ["warning", "events_repeated", fields];
    }
    case "config.reloaded": {
      const { result, trigger, caller, message } = event;
      const fields = { result, trigger, caller: caller?.id, message };
      return [result === "success" ? "info" : "error", "config_reloaded", fields];
    }
    case "gateway.started":
      return ["info", "gateway_started", { version: event.version }];
    case "gateway.stopped":
      return ["info", "gateway_stopped", { uptime_seconds: event.uptimeSeconds }];
  }
}
