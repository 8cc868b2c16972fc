import type { AuditType, HangarEventType } from "@mcp-hangar/telemetry";
import type { LogLevel } from "../config/schema.ts";

/** How the history keeps a fact: as a call, as the end of a task, as another request, or as a line in the log of a server. */
export type HistoryPlace = "call" | "task" | "request" | "line";

/** Where one kind of fact can be found. Every fact is in the event stream; metrics follow from their catalog. */
export interface FactPlaces {
  /** What happened, for a person. */
  readonly fact: string;
  /** The names of its line in the log, each with the levels that it can have. */
  readonly log: Readonly<Record<string, readonly LogLevel[]>>;
  readonly history: HistoryPlace | undefined;
  readonly audit: readonly AuditType[];
}

/** What the gateway tells of everything that happens, by event: each fact is exactly once in each of these places. */
export const FACTS: Readonly<Record<HangarEventType, FactPlaces>> = {
  "call.finished": {
    fact: "A tool call ended, whatever path it took",
    log: {
      tool_invoked: ["info"],
      tool_failed: ["warning"],
      tool_timed_out: ["warning"],
      tool_rejected: ["warning"],
      tool_cancelled: ["info"],
    },
    history: "call",
    audit: [
      "tool.call.completed",
      "tool.call.failed",
      "tool.call.timed_out",
      "tool.call.denied",
      "tool.call.rate_limited",
      "tool.call.cancelled",
      "tool.call.invalid",
    ],
  },
  "request.finished": {
    fact: "Another request of MCP ended: lists, resources, prompts, completion, subscriptions, looks at tasks, handshakes",
    log: { request_finished: ["debug", "warning"] },
    history: "request",
    audit: [
      "request.completed",
      "request.failed",
      "request.timed_out",
      "request.denied",
      "request.rate_limited",
      "request.cancelled",
      "request.invalid",
    ],
  },
  "task.finished": {
    fact: "A task ended, which a tool call had begun; the call itself ended with the task as its answer",
    log: { task_finished: ["info", "warning"] },
    history: "task",
    audit: ["tool.task.completed", "tool.task.failed", "tool.task.timed_out", "tool.task.cancelled"],
  },
  "operation.finished": {
    fact: "An operation of the management ended, over REST or as a tool",
    log: { operation_finished: ["debug", "info", "warning"] },
    history: undefined,
    audit: [
      "operation.completed",
      "operation.failed",
      "operation.denied",
      "operation.rate_limited",
      "key.created",
      "key.revoked",
      "server.approved",
      "server.rejected",
    ],
  },
  "access.denied": {
    fact: "An interface refused a request with 403, or hid a server",
    log: { access_denied: ["warning"] },
    history: undefined,
    audit: ["access.denied"],
  },
  "authentication.succeeded": {
    fact: "A caller proved who they are: once in `auth.success_interval_s` for each credential, address and interface, and whenever a session opens",
    log: { authentication_succeeded: ["debug"] },
    history: undefined,
    audit: ["authentication.succeeded"],
  },
  "authentication.failed": {
    fact: "Credentials were missing, wrong, expired or locked out: 401",
    log: { authentication_failed: ["warning"] },
    history: undefined,
    audit: ["authentication.failed"],
  },
  "session.opened": {
    fact: "A client of a legacy revision opened a session",
    log: { session_opened: ["debug"] },
    history: undefined,
    audit: ["session.opened"],
  },
  "session.closed": {
    fact: "A session ended",
    log: { session_closed: ["debug"] },
    history: undefined,
    audit: ["session.closed"],
  },
  "batch.finished": {
    fact: "A batch of calls ended; each of its calls is a fact of its own",
    log: { batch_finished: ["info", "warning"] },
    history: undefined,
    audit: [],
  },
  "server.registered": {
    fact: "A server or group became part of the fleet",
    log: { mcp_server_registered: ["info"] },
    history: "line",
    audit: ["server.registered"],
  },
  "server.unregistered": {
    fact: "A server or group left the fleet",
    log: { mcp_server_unregistered: ["info"] },
    history: "line",
    audit: ["server.removed"],
  },
  "server.state_changed": {
    fact: "A server changed its state",
    log: { mcp_server_state_changed: ["info", "warning", "error"] },
    history: "line",
    audit: ["server.state_changed"],
  },
  "server.start_finished": {
    fact: "An attempt to start a server ended",
    log: { mcp_server_started: ["info"], mcp_server_start_failed: ["error"] },
    history: "line",
    audit: ["server.start_failed"],
  },
  "server.stopped": {
    fact: "A server stopped or crashed",
    log: { mcp_server_stopped: ["info", "error"] },
    history: "line",
    audit: ["server.stopped"],
  },
  "server.tools_listed": {
    fact: "The gateway learned which tools a server offers",
    log: { mcp_server_tools_listed: ["debug"] },
    history: undefined,
    audit: [],
  },
  "server.tools_changed": {
    fact: "Definitions of a server's tools are others than before",
    log: { mcp_server_tools_changed: ["info", "warning"] },
    history: undefined,
    audit: ["server.tools_changed"],
  },
  "server.list_faulty": {
    fact: "A server lists items that clients could not read",
    log: { mcp_server_list_faulty: ["warning"] },
    history: undefined,
    audit: [],
  },
  "circuit_breaker.state_changed": {
    fact: "A circuit breaker opened, closed or tries again",
    log: { circuit_breaker_state_changed: ["info", "warning"] },
    history: "line",
    audit: ["server.breaker_changed"],
  },
  "health_check.finished": {
    fact: "A health check ended; the history keeps those that failed",
    log: { health_check_finished: ["debug", "warning"] },
    history: "line",
    audit: [],
  },
  "upstream_request.finished": {
    fact: "An HTTP request to a remote server ended",
    log: { upstream_request_finished: ["debug"] },
    history: undefined,
    audit: [],
  },
  "discovery.cycle_finished": {
    fact: "A discovery source was asked",
    log: { discovery_cycle_finished: ["debug", "info", "warning"] },
    history: undefined,
    audit: [],
  },
  "idle_sweep.finished": {
    fact: "Servers that nobody uses were looked for",
    log: { idle_sweep_finished: ["debug", "info"] },
    history: undefined,
    audit: [],
  },
  "config.reloaded": {
    fact: "A reload of the configuration ended",
    log: { config_reloaded: ["info", "error"] },
    history: undefined,
    audit: ["configuration.reloaded", "configuration.reload_failed"],
  },
  "gateway.started": {
    fact: "The gateway serves",
    log: { gateway_started: ["info"] },
    history: undefined,
    audit: ["gateway.started"],
  },
  "gateway.stopped": {
    fact: "The gateway ended in order",
    log: { gateway_stopped: ["info"] },
    history: undefined,
    audit: ["gateway.stopped"],
  },
};
