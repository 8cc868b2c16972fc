import type { FleetEntry, Gateway } from "@mcp-hangar/core";
import { type Caller, registeredName } from "@mcp-hangar/telemetry";
import { expect, it } from "vitest";
import type { Access } from "../../access/access.ts";
import { createRoles } from "../../access/roles.ts";
import { viewOf } from "./server-view.ts";

it("the group of a server has no name for who does not reach it", () => {
  const roles = createRoles({
    all: { permissions: ["servers:read"] },
    outside: { permissions: ["servers:read"], tools: { deny: ["pool"] } },
  });
  // What a view asks of the gateway and of a server.
  const gateway = { fleet: { originOf: () => "config" } } as unknown as Gateway;
  const snapshot = () => ({ id: "one", group: "pool", tools: [] });
  const member = { id: "one", options: { sessions: "shared" }, snapshot } as unknown as FleetEntry;
  const groupFor = (role: string): string | null => {
    const caller: Caller = { type: "api_key", id: registeredName("ann"), roles: [role], credential: "api_key:ann" };
    const parts = { gateway, access: roles as unknown as Access };
    return viewOf(parts, member, { caller, permission: "servers:read" }).group;
  };
  expect(groupFor("all")).toBe("pool");
  expect(groupFor("outside")).toBeNull();
});
