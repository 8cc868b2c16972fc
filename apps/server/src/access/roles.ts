import type { Caller, Decision } from "@mcp-hangar/telemetry";
import type { CallerRights, Item } from "./access.ts";
import type { RoleOptions } from "./options.ts";
import { PERMISSIONS, type Permission } from "./permissions.ts";
import { RoleRules } from "./role-rules.ts";

const ALL = Object.keys(PERMISSIONS) as readonly Permission[];

/** Roles that exist without being configured. None of them has rules about tools, resources and prompts. */
export const BUILT_IN_ROLES = {
  /** Everything. */
  admin: ALL,
  /** Everything but API keys: runs the fleet, and cannot let others in. */
  operator: ALL.filter((permission) => !permission.startsWith("keys:")),
  /** Looks, and changes and calls nothing. */
  viewer: ALL.filter((permission) => permission.endsWith(":read") && !["keys:read", "audit:read"].includes(permission)),
  /** Looks at everything, who has keys and what was done included, and changes and calls nothing. */
  auditor: ALL.filter((permission) => permission.endsWith(":read")),
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
  readonly tools: RoleRules | undefined;
  /** `undefined` shows all of the servers that `tools` reaches. */
  readonly resources: RoleRules | undefined;
  readonly prompts: RoleRules | undefined;
  /** All of that as text. */
  readonly text: string;
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
  const allowAll = (names: readonly string[]): boolean => ALL.every((each) => someOf(names, each, isUnlimited));
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
      some(caller, permission, ({ tools }) => tools?.admits(server, tool) ?? true),
    shows: (caller, server, item, permission = "tools:call") =>
      some(caller, permission, (role) => showsItem(role, server, item)),
    decide(caller, server, tool) {
      if (caller.type === "local") return LOCAL;
      for (const name of caller.roles) {
        const role = roles.get(name);
        if (role?.permissions.has("tools:call") !== true) continue;
        if (role.tools?.admits(server, tool) ?? true) return role.allows;
      }
      return DENIED;
    },
    reaches: (caller, server, permission = "tools:call") =>
      some(caller, permission, (role) => reachesServer(role, server)),
    reachesAll: (caller, permission = "tools:call") => some(caller, permission, isUnlimited),
    rightsOf: ({ type, roles: names }) =>
      type === "local" ? type : JSON.stringify([...new Set(names.map((name) => roles.get(name)?.text ?? ""))].sort()),
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
  return { allows: allowedBy(name), permissions: new Set(permissions), ...NO_RULES, text: `built-in ${name}` };
}

const NO_RULES = { tools: undefined, resources: undefined, prompts: undefined };

function compile(name: string, options: RoleOptions): Role {
  const { permissions, tools, resources, prompts } = options;
  return {
    allows: allowedBy(name),
    permissions: new Set(permissions),
    tools: tools && new RoleRules(tools),
    resources: resources && new RoleRules(resources),
    prompts: prompts && new RoleRules(prompts),
    text: JSON.stringify(options),
  };
}

/** Whoever runs the process may do everything. */
const LOCAL: Decision = { result: "allowed", by: "local" };
const DENIED: Decision = { result: "denied", by: "roles" };

function allowedBy(role: string): Decision {
  return { result: "allowed", by: `role:${role}` };
}

function isUnlimited({ tools, resources, prompts }: Role): boolean {
  return tools === undefined && resources === undefined && prompts === undefined;
}

/** Where a role says nothing else, prompts and resources exist where tools do: a rule that only denies opens no server. */
function showsItem(role: Role, server: string, { kind, name }: Item): boolean {
  const rules = role[kind];
  if (rules?.namesAllowed !== true && role.tools?.reaches(server) === false) return false;
  if (rules === undefined) return true;
  return kind === "resources" ? rules.showsUri(server, name) : rules.showsName(server, name);
}

/** A server is out of reach when nothing of it may exist for the role. */
function reachesServer({ tools, resources, prompts }: Role, server: string): boolean {
  if (tools === undefined || tools.reaches(server)) return true;
  return [resources, prompts].some((rules) => rules?.namesAllowed === true && rules.reaches(server));
}
