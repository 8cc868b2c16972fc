import { type Caller, registeredName } from "@mcp-hangar/telemetry";
import { describe, expect, it } from "vitest";
import { PERMISSIONS, type Permission } from "./permissions.ts";
import { BUILT_IN_ROLES, createRoles } from "./roles.ts";

const ALL = Object.keys(PERMISSIONS) as Permission[];

function callerWith(...roles: readonly string[]): Caller {
  return { type: "api_key", id: registeredName("somebody"), roles, credential: "api_key:somebody" };
}

const roles = createRoles({
  math: { permissions: ["tools:call"], tools: { allow: ["math/*"], deny: ["math/delete_*"] } },
  whole: { permissions: ["tools:call"], tools: { allow: ["math"], deny: ["math/secret"] } },
  all_but: { permissions: ["tools:call"], tools: { deny: ["files", "math/secret"] } },
  reader: { permissions: ["servers:read"] },
  nothing: { permissions: [] },
  shut: { permissions: ["tools:call"], tools: { allow: ["math/*"], deny: ["math/*"] } },
});

describe("built-in roles", () => {
  it("are what the documentation says", () => {
    expect(BUILT_IN_ROLES.admin).toEqual(ALL);
    expect(ALL.filter((each) => !BUILT_IN_ROLES.operator.includes(each))).toEqual(["keys:read", "keys:write"]);
    expect(BUILT_IN_ROLES.viewer.every((each) => each.endsWith(":read") && each !== "keys:read")).toBe(true);
    expect(BUILT_IN_ROLES.viewer).toContain("servers:read");
    expect(BUILT_IN_ROLES.agent).toEqual(["tools:call"]);
  });
});

describe("a caller", () => {
  it.each(ALL)("without a role may not %s, nor with a role that nobody defined", (permission) => {
    for (const caller of [
      callerWith(),
      callerWith("nothing"),
      callerWith("no_such_role"),
      callerWith("__proto__", "constructor"),
    ]) {
      expect(roles.permits(caller, permission)).toBe(false);
      expect(roles.reaches(caller, "math", permission)).toBe(false);
      expect(roles.admits(caller, "math", "add", permission)).toBe(false);
    }
  });

  it("who runs the process may do everything", () => {
    const local: Caller = { type: "local", id: registeredName("local"), roles: [], credential: "local" };
    expect(ALL.every((each) => roles.permits(local, each))).toBe(true);
    expect(roles.admits(local, "math", "secret")).toBe(true);
  });

  it.each([
    ["math", "math", "add", true],
    ["math", "math", "delete_all", false],
    ["math", "files", "add", false],
    ["math", "mathematics", "add", false],
    ["math", "math", "a/b", true],
    ["whole", "math", "add", true],
    ["whole", "math", "secret", false],
    ["all_but", "anything", "add", true],
    ["all_but", "files", "read", false],
    ["all_but", "math", "secret", false],
    ["reader", "math", "add", false],
    ["agent", "math", "secret", true],
    ["viewer", "math", "add", false],
  ] as const)("with the role %s and %s/%s: %s", (role, server, tool, expected) => {
    expect(roles.admits(callerWith(role), server, tool)).toBe(expected);
  });

  it.each([
    ["math", "math", true],
    ["math", "files", false],
    ["all_but", "files", false],
    ["all_but", "math", true],
    ["shut", "math", false],
    ["agent", "math", true],
  ] as const)("with the role %s reaches the server %s: %s", (role, server, expected) => {
    expect(roles.reaches(callerWith(role), server)).toBe(expected);
  });

  it.each([
    ["*", "secret/**", false],
    ["secret/read_file", "secret/read_*", false],
    ["*/read_*", "secret/re*", false],
    ["secret/read_*", "secret/read_file", true],
    ["secret/*", "secret/?", true],
    ["secret/*_file", "secret/read_*", true],
  ])("reaches a server of which %s is allowed and %s is denied: %s", (allow, deny, expected) => {
    const some = createRoles({ some: { permissions: ["tools:call"], tools: { allow: [allow], deny: [deny] } } });
    expect(some.reaches(callerWith("some"), "secret")).toBe(expected);
  });

  it("gets what any role gives, but a role that sees everything does not widen what another may call", () => {
    const both = callerWith("math", "reader");
    expect(roles.admits(both, "files", "read")).toBe(false);
    expect(roles.admits(both, "files", "read", "servers:read")).toBe(true);
    expect(roles.reaches(both, "files")).toBe(false);
    expect(roles.reaches(both, "files", "servers:read")).toBe(true);
    expect(roles.admits(callerWith("math", "agent"), "files", "read")).toBe(true);
  });

  it("may do everything with admin, or with roles that add up to it without limits on tools", () => {
    const parts = createRoles({
      rest: { permissions: ALL.filter((each) => each !== "keys:write") },
      keys: { permissions: ["keys:write"] },
      some: { permissions: ALL, tools: { allow: ["math"] } },
    });
    const asked = [["admin"], ["rest", "keys"], ["rest"], ["keys"], ["some"], ["operator"], ["agent", "gone"], []];
    expect(asked.filter((names) => parts.allowAll(names))).toEqual([["admin"], ["rest", "keys"]]);
  });

  it("can give only roles that they have, unless nothing is denied to them", () => {
    expect(roles.mayGrant(callerWith("math"), "math")).toBe(true);
    expect(roles.mayGrant(callerWith("math"), "agent")).toBe(false);
    expect(roles.mayGrant(callerWith("operator"), "admin")).toBe(false);
    expect(roles.mayGrant(callerWith("admin"), "math")).toBe(true);
    expect(roles.mayGrant(callerWith("no_such_role"), "admin")).toBe(false);
  });
});
