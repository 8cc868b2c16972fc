import { ServerGroup } from "@mcp-hangar/core";
import { SERVER_STATES } from "@mcp-hangar/telemetry";
import { z } from "zod";
import { isOperationFailure, type Operation, operation } from "../operation.ts";
import type { ManagementParts } from "../parts.ts";
import { findEntry, serverInput, serverView, viewOf } from "./server-view.ts";

const permission = "servers:read";

const MESSAGE_KINDS = z.object({
  request: z.int(),
  response: z.int(),
  notification: z.int(),
  error: z.int(),
});

const limitsView = z.object({
  call_timeout_s: z.number(),
  start_timeout_s: z.number(),
  idle_ttl_s: z.number(),
  health_check_interval_s: z.number(),
  max_consecutive_failures: z.int(),
});

/** What can be seen of servers. */
export function serverOperations(parts: Pick<ManagementParts, "gateway" | "access">): readonly Operation[] {
  const { gateway, access } = parts;
  return [
    operation({
      id: "listServers",
      title: "List the servers",
      description:
        "Lists the MCP servers of the gateway with mode, state, failures, circuit breaker and calls in flight.",
      permission,
      effect: "read",
      tool: "hangar_list",
      route: { method: "GET", path: "/api/mcp_servers" },
      input: z.object({ state: z.enum(SERVER_STATES).optional().describe("Only servers in this state.") }),
      output: z.object({ mcp_servers: z.array(serverView) }),
      run: ({ state }, { caller }) => {
        const entries = [...gateway.fleet.all(), ...gateway.fleet.groups.all()];
        const reached = entries.filter(({ id }) => access.reaches(caller, id, permission));
        const views = reached.map((server) => viewOf(parts, server, { caller, permission }));
        return { mcp_servers: state === undefined ? views : views.filter((view) => view.state === state) };
      },
    }),
    operation({
      id: "showServer",
      title: "Show a server",
      description:
        "Shows one MCP server: its state, the reason of its last failure, the names of its tools, its limits.",
      permission,
      effect: "read",
      tool: "hangar_details",
      route: { method: "GET", path: "/api/mcp_servers/{server}" },
      input: z.object({ server: serverInput }),
      output: serverView.extend({
        tools: z.array(z.string()),
        members: z
          .array(z.string())
          .nullable()
          .describe("Ids of the members of a group that the caller reaches; null for a server."),
        messages: z
          .object({ sent: MESSAGE_KINDS, received: MESSAGE_KINDS })
          .nullable()
          .describe("JSON-RPC messages since the server was registered; null for a group."),
        limits: limitsView.nullable().describe("Null for a group."),
      }),
      run: ({ server: id }, { caller }) => {
        const entry = findEntry(parts, id, { caller, permission });
        if (isOperationFailure(entry)) return entry;
        const tools = entry.catalog.toolNames().filter((tool) => access.admits(caller, id, tool, permission));
        const view = { ...viewOf(parts, entry, { caller, permission }), tools };
        if (entry instanceof ServerGroup) {
          const members = entry.options.members.map((member) => member.id);
          const reached = members.filter((member) => access.reaches(caller, member, permission));
          return { ...view, members: reached, messages: null, limits: null };
        }
        const { options } = entry;
        const limits = {
          call_timeout_s: options.call_timeout_s,
          start_timeout_s: options.start_timeout_s,
          idle_ttl_s: options.idle_ttl_s,
          health_check_interval_s: options.health_check_interval_s,
          max_consecutive_failures: options.max_consecutive_failures,
        };
        return { ...view, members: null, messages: entry.snapshot().messages, limits };
      },
    }),
  ];
}
