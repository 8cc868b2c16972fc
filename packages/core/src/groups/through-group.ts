import { HANGAR_ATTRIBUTES, OTEL_ATTRIBUTES } from "@mcp-hangar/telemetry";
import { isRepeatable } from "../batch/retry.ts";
import type { CallRecord, CallResult, ToolCall } from "../call.ts";
import type { Relay } from "../gateway.ts";
import type { ManagedServer } from "../lifecycle/managed-server.ts";
import type { Clock } from "../platform/platform.ts";
import { callThroughGroup } from "./failover.ts";
import { relaySubject } from "./relay-subject.ts";
import type { ServerGroup } from "./server-group.ts";

/** How a request reaches one server, with its slots, breaker and deadline. */
export interface Way<Request> {
  readonly clock: Clock;
  readonly send: (server: ManagedServer, request: Request) => Promise<CallResult>;
}

/** Calls a tool of a group. The record names the member that answered, or the one that failed last. */
export function callToolOfGroup(
  group: ServerGroup,
  call: ToolCall,
  record: CallRecord,
  { clock, send }: Way<ToolCall>,
): Promise<CallResult> {
  record.group = group.id;
  return callThroughGroup(group, {
    clock,
    subject: { list: "tools", name: call.tool },
    params: call.extra,
    timeoutMs: call.timeoutMs,
    repeatable: ({ catalog }) => isRepeatable(catalog.known("tools"), call.tool),
    attempt: (server, extra, timeoutMs) => {
      record.server = server.id;
      record.tool = server.catalog.tool(call.tool);
      return send(server, { ...call, extra, timeoutMs, extendable: call.timeoutMs === undefined });
    },
    onFailover: (failed, next, { code }) => {
      record.span.event("failover", {
        [HANGAR_ATTRIBUTES.serverGroupId]: group.id,
        [HANGAR_ATTRIBUTES.serverId]: failed.id,
        [HANGAR_ATTRIBUTES.serverNextId]: next.id,
        [OTEL_ATTRIBUTES.errorType]: code,
      });
    },
  });
}

/** Passes another request on to a group. */
export async function relayToGroup(
  group: ServerGroup,
  request: Relay,
  { clock, send }: Way<Relay>,
): Promise<CallResult> {
  const about = relaySubject(group, request);
  if ("code" in about) return about;
  return callThroughGroup(group, {
    clock,
    subject: about.subject,
    params: request.params,
    timeoutMs: request.timeoutMs,
    // What a group relays only reads.
    repeatable: () => true,
    attempt: (server, params = {}, timeoutMs) =>
      send(server, { ...request, params, timeoutMs, extendable: request.timeoutMs === undefined }),
  });
}
