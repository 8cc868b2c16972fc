import type { GroupMemberSnapshot, GroupSnapshot, OutReason } from "@mcp-hangar/core";
import { BREAKER_STATES, type Caller } from "@mcp-hangar/telemetry";
import { z } from "zod";
import type { Permission } from "../../access/permissions.ts";
import {
  isOperationFailure,
  type Operation,
  type OperationContext,
  type OperationFailure,
  operation,
  operationFailure,
} from "../operation.ts";
import type { ManagementParts } from "../parts.ts";
import { serverInput } from "./server-view.ts";

/** Why a member is out of rotation; the compiler wants all there are. */
const OUT_REASONS = Object.keys({
  taken_out: 0,
  not_registered: 0,
  dead: 0,
  degraded: 0,
  circuit_open: 0,
  unhealthy: 0,
} satisfies Record<OutReason, 0>) as [OutReason, ...OutReason[]];

const memberView = z.object({
  id: z.string(),
  weight: z.number(),
  priority: z.number(),
  in_rotation: z.boolean().describe("Whether calls of the group go there."),
  out_because: z.enum(OUT_REASONS).nullable(),
  in_flight: z.int().describe("Calls at the server, those that came past the group too."),
  consecutive_failures: z.int(),
  consecutive_successes: z.int(),
});

const groupView = z.object({
  id: z.string(),
  strategy: z.string(),
  min_healthy: z.int().describe("Members that must be in rotation; with fewer the group refuses calls."),
  in_rotation: z.int(),
  circuit_breaker: z.enum(BREAKER_STATES),
  in_flight: z.int(),
  members: z.array(memberView).describe("Those that the caller reaches."),
});

const groupInput = serverInput.describe("Id of the group.");

/** Groups of servers, and which members take calls. */
export function groupOperations(parts: Pick<ManagementParts, "gateway" | "access">): readonly Operation[] {
  const { gateway, access } = parts;
  const offered = (): boolean => gateway.fleet.groups.all().length > 0;
  const find = (
    id: string,
    { caller }: OperationContext,
    permission: Permission,
  ): NonNullable<ReturnType<typeof gateway.fleet.groups.get>> | OperationFailure => {
    const group = gateway.fleet.groups.get(id);
    if (group !== undefined && access.reaches(caller, id, permission)) return group;
    const message = `there is no group ${JSON.stringify(id.slice(0, 100))}; GET /api/groups or hangar_groups names them`;
    return operationFailure("unknown_group", 404, message);
  };
  const memberTest =
    (caller: Caller, permission: Permission) =>
    (member: string): boolean =>
      access.reaches(caller, member, permission);
  return [
    operation({
      id: "listGroups",
      title: "List the groups",
      description: "Lists the groups of servers with strategy, circuit breaker, and each member's place in rotation.",
      permission: "groups:read",
      effect: "read",
      tool: "hangar_groups",
      offered,
      route: { method: "GET", path: "/api/groups" },
      input: z.object({}),
      output: z.object({ groups: z.array(groupView) }),
      run: (_input, { caller }) => {
        const groups = gateway.fleet.groups.all().filter(({ id }) => access.reaches(caller, id, "groups:read"));
        return { groups: groups.map((group) => viewOfGroup(group.snapshot(), memberTest(caller, "groups:read"))) };
      },
    }),
    operation({
      id: "showGroup",
      title: "Show a group",
      description: "Shows one group of servers: who is in rotation, and why the others are not.",
      permission: "groups:read",
      effect: "read",
      tool: "hangar_group",
      offered,
      route: { method: "GET", path: "/api/groups/{group}" },
      input: z.object({ group: groupInput }),
      output: groupView,
      run: ({ group: id }, context) => {
        const group = find(id, context, "groups:read");
        return isOperationFailure(group)
          ? group
          : viewOfGroup(group.snapshot(), memberTest(context.caller, "groups:read"));
      },
    }),
    operation({
      id: "setGroupRotation",
      title: "Take a member out of rotation, or put it back",
      description:
        "Keeps calls of a group away from one of its members, or lets them go there again. Calls at the member are not disturbed. One that is put back stays out while it is not healthy.",
      permission: "groups:write",
      effect: "change",
      tool: "hangar_rotation",
      offered,
      route: { method: "PUT", path: "/api/groups/{group}/members/{server}/rotation" },
      input: z.object({
        group: groupInput,
        server: serverInput.describe("Id of the member."),
        in_rotation: z.boolean().describe("False takes it out, true puts it back."),
      }),
      output: groupView,
      run: ({ group: id, server, in_rotation: inRotation }, context) => {
        const group = find(id, context, "groups:write");
        if (isOperationFailure(group)) return group;
        const reaches = memberTest(context.caller, "groups:write");
        const before = group.snapshot().members.find((member) => member.id === server);
        if (before !== undefined && reaches(server) && group.setInRotation(server, inRotation)) {
          context.changed?.({
            before: rotationText(server, before.outBecause !== "taken_out"),
            after: rotationText(server, inRotation),
          });
          return viewOfGroup(group.snapshot(), reaches);
        }
        const members = group.options.members
          .map((member) => member.id)
          .filter(reaches)
          .join(", ");
        const message = `group "${id}" has no member ${JSON.stringify(server.slice(0, 100))}; it has: ${members}`;
        return operationFailure("unknown_member", 404, message);
      },
    }),
  ];
}

/** In words for records. */
function rotationText(member: string, mayBeInRotation: boolean): string {
  return `"${member}" ${mayBeInRotation ? "in rotation while it is healthy" : "taken out of rotation"}`;
}

/** A group as it is now, with those of its members that somebody reaches. */
function viewOfGroup(group: GroupSnapshot, reaches: (member: string) => boolean): z.infer<typeof groupView> {
  return {
    id: group.id,
    strategy: group.strategy,
    min_healthy: group.minHealthy,
    in_rotation: group.inRotation,
    circuit_breaker: group.breaker,
    in_flight: group.inFlight,
    members: group.members.filter(({ id }) => reaches(id)).map(viewOfMember),
  };
}

function viewOfMember(member: GroupMemberSnapshot): z.infer<typeof memberView> {
  return {
    id: member.id,
    weight: member.weight,
    priority: member.priority,
    in_rotation: member.inRotation,
    out_because: member.outBecause ?? null,
    in_flight: member.inFlight,
    consecutive_failures: member.consecutiveFailures,
    consecutive_successes: member.consecutiveSuccesses,
  };
}
