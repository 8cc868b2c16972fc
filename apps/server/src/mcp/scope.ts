import type { FleetEntry, Gateway, ManagedServer } from "@mcp-hangar/core";
import type { Caller } from "@mcp-hangar/telemetry";
import type { CallerRights } from "../access/access.ts";

/**
 * What an endpoint shows: everything under prefixed names, or one server or group as if it were spoken to directly.
 * Where everything is shown, a group stands for its members: those are called by their own names, but not listed.
 */
export type ScopeSelector = { readonly kind: "all" } | { readonly kind: "server"; readonly id: string };

/** A name or URI of a client, resolved to what is behind it. */
export interface Target {
  /** Id of a server or group. */
  readonly server: string;
  /** As the server itself spells it. */
  readonly name: string;
}

/** Between the server and the name of a tool or prompt; server ids cannot contain it. */
const SEPARATOR = "__";
/** In front of resource URIs of the aggregate: `hangar://<server>/<the server's own URI>`. */
const URI_SCHEME = "hangar://";

/**
 * The names of an endpoint: how servers' names look to clients, and what clients' names mean. A server or group of which a
 * caller may use nothing does not exist for the caller.
 */
export interface Scope {
  readonly single: boolean;
  /** Whether all callers see the same: only then may caches in front share what a server calls public. */
  readonly sameForAll: boolean;
  /** What is listed. */
  entries(caller: Caller): readonly FleetEntry[];
  /** The servers behind it, with the members of groups. */
  servers(caller: Caller): readonly ManagedServer[];
  /** Whether there is such a server or group. */
  exists(id: string, caller: Caller): boolean;
  /** Whether the caller may call a tool. */
  admits(caller: Caller, id: string, tool: string): boolean;
  /** Whether what happens at the server or group concerns clients of this endpoint. */
  has(id: string): boolean;
  /** Whether it concerns this one of them. */
  concerns(caller: Caller, id: string): boolean;
  qualify(server: string, name: string): string;
  qualifyUri(server: string, uri: string): string;
  /** Always a target: a name that means nothing resolves to a server that does not exist. */
  resolve(name: string): Target;
  resolveUri(uri: string, caller: Caller): Target;
}

/** What a scope is made of. */
interface ScopeParts {
  readonly gateway: Gateway;
  readonly access: CallerRights;
}

/** The scope for a selector. Servers are looked up on each use, so that the fleet may change. */
export function createScope(parts: ScopeParts, selector: ScopeSelector): Scope {
  return selector.kind === "server" ? singleScope(parts, selector.id) : aggregateScope(parts);
}

function common({ gateway, access }: ScopeParts): Pick<Scope, "sameForAll" | "exists" | "admits"> {
  return {
    sameForAll: !access.enabled,
    exists: (id, caller) => gateway.fleet.entry(id) !== undefined && access.reaches(caller, id),
    admits: (caller, id, tool) => access.admits(caller, id, tool),
  };
}

function singleScope(parts: ScopeParts, id: string): Scope {
  const { gateway, access } = parts;
  const has = (other: string): boolean => other === id || gateway.fleet.groups.get(id)?.has(other) === true;
  return {
    ...common(parts),
    single: true,
    entries: (caller) => {
      const entry = gateway.fleet.entry(id);
      return entry === undefined || !access.reaches(caller, id) ? [] : [entry];
    },
    servers: (caller) => {
      if (!access.reaches(caller, id)) return [];
      const server = gateway.fleet.get(id);
      return server === undefined ? (gateway.fleet.groups.get(id)?.servers() ?? []) : [server];
    },
    has,
    concerns: (caller, other) => has(other) && access.reaches(caller, id),
    qualify: (_server, name) => name,
    qualifyUri: (_server, uri) => uri,
    resolve: (name) => ({ server: id, name }),
    resolveUri: (uri) => ({ server: id, name: uri }),
  };
}

function aggregateScope(parts: ScopeParts): Scope {
  const { gateway, access } = parts;
  const concerns = (caller: Caller, id: string): boolean => {
    if (access.reaches(caller, id)) return true;
    const group = gateway.fleet.groups.of(id);
    return group !== undefined && access.reaches(caller, group.id);
  };
  return {
    ...common(parts),
    single: false,
    entries: (caller) => gateway.fleet.shown().filter(({ id }) => access.reaches(caller, id)),
    servers: (caller) => gateway.fleet.all().filter(({ id }) => concerns(caller, id)),
    has: () => true,
    concerns,
    qualify: (server, name) => `${server}${SEPARATOR}${name}`,
    qualifyUri: (server, uri) => `${URI_SCHEME}${server}/${uri}`,
    resolve: (name) => split(name, SEPARATOR),
    resolveUri: (uri, caller) =>
      uri.startsWith(URI_SCHEME) ? split(uri.slice(URI_SCHEME.length), "/") : ownerOf(parts, uri, caller),
  };
}

function split(text: string, separator: string): Target {
  const at = text.indexOf(separator);
  return at < 0 ? { server: "", name: text } : { server: text.slice(0, at), name: text.slice(at + separator.length) };
}

/** A tool result may link to a resource by the server's own URI; it resolves when exactly one of those shown lists it. */
function ownerOf({ gateway, access }: ScopeParts, uri: string, caller: Caller): Target {
  const owners = gateway.fleet
    .shown()
    .filter(({ id }) => access.reaches(caller, id))
    .filter(({ catalog }) => catalog.known("resources")?.some((resource) => resource.uri === uri));
  return { server: owners.length === 1 ? (owners[0]?.id ?? "") : "", name: uri };
}

/** A name or URI that a server sent, which may be anything. */
export function textOf(value: unknown): string {
  return typeof value === "string" ? value : "";
}
