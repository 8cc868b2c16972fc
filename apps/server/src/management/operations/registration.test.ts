import { type Gateway, nodePlatform } from "@mcp-hangar/core";
import { type Caller, registeredName } from "@mcp-hangar/telemetry";
import { expect, it } from "vitest";
import type { Access } from "../../access/access.ts";
import { createRoles } from "../../access/roles.ts";
import { managementOptions } from "../options.ts";
import { registrationOperations } from "./registration.ts";

it("a server that gets the calls of a group needs a caller who reaches the group", async () => {
  const registered: string[] = [];
  const fleet = {
    groups: { of: (id: string) => (id === "box-member" ? { id: "pool" } : undefined) },
    all: () => [],
    register: (id: string) => {
      registered.push(id);
      return false;
    },
  };
  const roles = createRoles({ sandbox: { permissions: ["servers:write"], tools: { allow: ["box-*"] } } });
  const [register] = registrationOperations({
    // What the operation asks of the fleet before it registers something.
    gateway: { fleet } as unknown as Gateway,
    access: roles as unknown as Access,
    platform: nodePlatform,
    options: managementOptions.parse({ allow_runtime_servers: ["remote"] }),
  });
  const caller: Caller = { type: "api_key", id: registeredName("ann"), roles: ["sandbox"], credential: "api_key:ann" };
  const attempt = (server: string): Promise<object> | undefined =>
    register?.perform(
      { server, options: { mode: "remote", endpoint: "https://example.com/mcp" } },
      { caller, door: "rest", signal: new AbortController().signal, relay: { caller } },
    );
  expect(await attempt("box-member")).toMatchObject({ code: "forbidden" });
  expect(await attempt("other")).toMatchObject({ code: "forbidden" });
  expect(registered).toEqual([]);
  // The fleet of this test has no room for it, but it was asked.
  expect(await attempt("box-1")).toMatchObject({ code: "conflict" });
  expect(registered).toEqual(["box-1"]);
});
