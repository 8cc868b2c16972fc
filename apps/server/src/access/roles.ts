import { globMatches } from "@mcp-hangar/core";
import type { Caller, Decision } from "@mcp-hangar/telemetry";
import type { CallerRights } from "./access.ts";
import type { RoleOptions } from "./options.ts";
import { PERMISSIONS, type Permission } from "./permissions.ts";

const ALL = Object.keys(PERMISSIONS) as readonly Permission[];

/** Roles that exist without being configured. None of them limits tools. */
export const BUILT_IN_ROLES = {
  /** Everything. */
  admin: ALL,
  /** Everything but API keys: runs the fleet, and cannot let others in. */
  operator: ALL.filter((permission) => !permission.startsWith("keys:")),
  /** Looks, and changes and calls nothing. */
  viewer: ALL.filter((permission) => permission.endsWith(":read") && permission !== "keys:read"),
  /** Uses MCP, as an agent does. */
  agent: ["tools:call"],
} as const satisfies Readonly<Record<string, readonly Permission[]>>;

/** What the roles of callers allow. */
export interface Roles extends CallerRights {
  readonly names: readonly string[];
  /** Takes over other roles of the configuration. Whoever has a role that is gone has one right less from now on. */
  configure(configured: Readonly<Record<string, RoleOptions>>): void;
  /** Whether the caller may give a role to somebody: one it has itself, or any role if nothing is denied to it. */
  mayGrant(caller: Caller, role: string): boolean;
  /** Whether nothing is denied to a caller with these roles. */
  allowAll(roles: readonly string[]): boolean;
}

interface Role {
  /** What it decides when it admits a call. */
  readonly allows: Decision;
  readonly permissions: ReadonlySet<Permission>;
  /** `undefined` admits every tool. */
  readonly tools: ToolRules | undefined;
}

/** `<server>/<tool>` in two halves; `*` for all tools where only a server is named. */
interface ToolPattern {
  readonly server: string;
  readonly tool: string;
}

interface ToolRules {
  readonly allow: readonly ToolPattern[];
  readonly deny: readonly ToolPattern[];
}

/** Compiles the built-in roles and those of the configuration. A role that a caller has and nobody defined is none. */
export function createRoles(configured: Readonly<Record<string, RoleOptions>>): Roles {
  let roles = compileAll(configured);
  const someOf = (names: readonly string[], permission: Permission, test: (role: Role) => boolean): boolean => {
    for (const name of names) {
      const role = roles.get(name);
      if (role?.permissions.has(permission) === true && test(role)) return true;
    }
    return false;
  };
  // Whoever started the process as a child of theirs may do what the process may.
  const some = (caller: Caller, permission: Permission, test: (role: Role) => boolean): boolean =>
    caller.type === "local" || someOf(caller.roles, permission, test);
  const allowAll = (names: readonly string[]): boolean =>
    ALL.every((each) => someOf(names, each, ({ tools }) => tools === undefined));
  const anything = (): boolean => true;
  const permits = (caller: Caller, permission: Permission): boolean => some(caller, permission, anything);
  return {
    get names() {
      return [...roles.keys()];
    },
    configure: (next) => {
      roles = compileAll(next);
    },
    enabled: true,
    permits,
    // The role that admits the tool must be the one with the permission: roles add up, they do not complete each other.
    admits: (caller, server, tool, permission = "tools:call") =>
      some(caller, permission, ({ tools }) => tools === undefined || admitsTool(tools, server, tool)),
    decide(caller, server, tool) {
      if (caller.type === "local") return LOCAL;
      for (const name of caller.roles) {
        const role = roles.get(name);
        if (role?.permissions.has("tools:call") !== true) continue;
        if (role.tools === undefined || admitsTool(role.tools, server, tool)) return role.allows;
      }
      return DENIED;
    },
    reaches: (caller, server, permission = "tools:call") =>
      some(caller, permission, ({ tools }) => tools === undefined || reachesServer(tools, server)),
    mayGrant: (caller, role) => caller.type === "local" || caller.roles.includes(role) || allowAll(caller.roles),
    allowAll,
  };
}

function compileAll(configured: Readonly<Record<string, RoleOptions>>): ReadonlyMap<string, Role> {
  return new Map<string, Role>([
    ...Object.entries(BUILT_IN_ROLES).map(([name, all]) => [name, builtIn(name, all)] as const),
    ...Object.entries(configured).map(([name, options]) => [name, compile(name, options)] as const),
  ]);
}

function builtIn(name: string, permissions: readonly Permission[]): Role {
  return { allows: allowedBy(name), permissions: new Set(permissions), tools: undefined };
}

function compile(name: string, { permissions, tools }: RoleOptions): Role {
  const rules = tools && { allow: (tools.allow ?? ["*"]).map(parse), deny: (tools.deny ?? []).map(parse) };
  return { allows: allowedBy(name), permissions: new Set(permissions), tools: rules };
}

/** Whoever runs the process may do everything. */
const LOCAL: Decision = { result: "allowed", by: "local" };
const DENIED: Decision = { result: "denied", by: "roles" };

function allowedBy(role: string): Decision {
  return { result: "allowed", by: `role:${role}` };
}

function parse(pattern: string): ToolPattern {
  const slash = pattern.indexOf("/");
  if (slash === -1) return { server: pattern, tool: "*" };
  return { server: pattern.slice(0, slash), tool: pattern.slice(slash + 1) };
}

function admitsTool({ allow, deny }: ToolRules, server: string, tool: string): boolean {
  const fits = (pattern: ToolPattern): boolean =>
    globMatches(pattern.server, server) && globMatches(pattern.tool, tool);
  return allow.some(fits) && !deny.some(fits);
}

/** A server is out of reach when nothing of it is allowed, or what is allowed is denied as a whole. */
function reachesServer({ allow, deny }: ToolRules, server: string): boolean {
  const here = ({ server: glob }: ToolPattern): boolean => globMatches(glob, server);
  const denied = deny.filter(here);
  return allow.some((each) => here(each) && !denied.some(({ tool }) => covers(tool, each.tool)));
}

/**
 * Whether whatever fits `narrow` fits `wide`, too, as far as that is told by reading `narrow` as a name: what takes its `*`
 * takes all that this stands for. A `?` would take that `*` for one character.
 */
function covers(wide: string, narrow: string): boolean {
  return wide === narrow || (!wide.includes("?") && globMatches(wide, narrow));
}
