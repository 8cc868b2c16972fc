import type { IncomingMessage } from "node:http";
import { type Caller, type Decision, registeredName } from "@mcp-hangar/telemetry";
import type { Refusal } from "../http/answer.ts";
import type { Permission } from "./permissions.ts";

/** Who a request comes from: a caller, or why it is not taken from anybody. */
export type Identification =
  | { readonly kind: "caller"; readonly caller: Caller }
  | { readonly kind: "refused"; readonly refusal: Refusal };

/** A resource or template by its URI as the server spells it, or a prompt by its name. */
export interface Item {
  readonly kind: "resources" | "prompts";
  readonly name: string;
}

/** Decides who callers are and what they may do. The one place that knows whether authentication is on. */
export interface Access extends CallerRights {
  /** Answers at once where it can: most requests come with a key that is known. Never rejects. */
  identify(request: IncomingMessage): Identification | Promise<Identification>;
}

/** What callers may do. Whoever runs the process (the caller `local`) may do everything. */
export interface CallerRights {
  /** Whether callers have to prove who they are. If not, all may do the same. */
  readonly enabled: boolean;
  /** Whether the caller's roles contain the permission. */
  permits(caller: Caller, permission: Permission): boolean;
  /**
   * Whether a role of the caller that has the permission, `tools:call` unless told, admits a tool of a server. One that
   * is not admitted does not exist for the caller.
   */
  admits(caller: Caller, server: string, tool: string, permission?: Permission): boolean;
  /** As {@link admits} for a resource, a template or a prompt of a server. */
  shows(caller: Caller, server: string, item: Item, permission?: Permission): boolean;
  /** The same for a call, with what has decided it. */
  decide(caller: Caller, server: string, tool: string): Decision;
  /** As {@link admits} for the server as a whole: whether anything of it may exist for the caller. */
  reaches(caller: Caller, server: string, permission?: Permission): boolean;
  /** Whether a role of the caller that has the permission has no rules: what is about all servers at once is for such callers. */
  reachesAll(caller: Caller, permission?: Permission): boolean;
  /** A text that stands for all that a caller may do: the same for two callers, or at two times, means the same rights. */
  rightsOf(caller: Caller): string;
}

/** A caller who was not asked who they are. All of them are one: what keeps their sessions apart are secret ids. */
export const ANONYMOUS_CALLER: Caller = {
  type: "anonymous",
  id: registeredName("anonymous"),
  roles: [],
  credential: "anonymous",
};

const OPEN: Decision = { result: "allowed", by: "open" };
const ANYBODY: Identification = { kind: "caller", caller: ANONYMOUS_CALLER };

/** Access where nobody is asked and nobody is told from others; {@link openAccess} is that of the front door. */
export const OPEN_ACCESS: Access = {
  enabled: false,
  identify: () => ANYBODY,
  permits: () => true,
  admits: () => true,
  shows: () => true,
  decide: () => OPEN,
  reaches: () => true,
  reachesAll: () => true,
  rightsOf: () => "open",
};
