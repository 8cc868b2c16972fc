import type { FleetEntry, Gateway, ManagedServer } from "@mcp-hangar/core";

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

/** The names of an endpoint: how servers' names look to clients, and what clients' names mean. */
export interface Scope {
  readonly single: boolean;
  /** What is listed. */
  entries(): readonly FleetEntry[];
  /** The servers behind it, with the members of groups. */
  servers(): readonly ManagedServer[];
  /** Whether what happens at the server or group concerns clients of this endpoint. */
  has(id: string): boolean;
  qualify(server: string, name: string): string;
  qualifyUri(server: string, uri: string): string;
  /** Always a target: a name that means nothing resolves to a server that does not exist. */
  resolve(name: string): Target;
  resolveUri(uri: string): Target;
}

/** The scope for a selector. Servers are looked up on each use, so that the fleet may change. */
export function createScope(gateway: Gateway, selector: ScopeSelector): Scope {
  return selector.kind === "server" ? singleScope(gateway, selector.id) : aggregateScope(gateway);
}

function singleScope(gateway: Gateway, id: string): Scope {
  return {
    single: true,
    entries: () => {
      const entry = gateway.fleet.entry(id);
      return entry === undefined ? [] : [entry];
    },
    servers: () => {
      const server = gateway.fleet.get(id);
      return server === undefined ? (gateway.fleet.groups.get(id)?.servers() ?? []) : [server];
    },
    has: (other) => other === id || gateway.fleet.groups.get(id)?.has(other) === true,
    qualify: (_server, name) => name,
    qualifyUri: (_server, uri) => uri,
    resolve: (name) => ({ server: id, name }),
    resolveUri: (uri) => ({ server: id, name: uri }),
  };
}

function aggregateScope(gateway: Gateway): Scope {
  return {
    single: false,
    entries: () => gateway.fleet.shown(),
    servers: () => gateway.fleet.all(),
    has: () => true,
    qualify: (server, name) => `${server}${SEPARATOR}${name}`,
    qualifyUri: (server, uri) => `${URI_SCHEME}${server}/${uri}`,
    resolve: (name) => split(name, SEPARATOR),
    resolveUri: (uri) =>
      uri.startsWith(URI_SCHEME) ? split(uri.slice(URI_SCHEME.length), "/") : ownerOf(gateway, uri),
  };
}

function split(text: string, separator: string): Target {
  const at = text.indexOf(separator);
  return at < 0 ? { server: "", name: text } : { server: text.slice(0, at), name: text.slice(at + separator.length) };
}

/** A tool result may link to a resource by the server's own URI; it resolves when exactly one of those shown lists it. */
function ownerOf(gateway: Gateway, uri: string): Target {
  const owners = gateway.fleet
    .shown()
    .filter(({ catalog }) => catalog.known("resources")?.some((resource) => resource.uri === uri));
  return { server: owners.length === 1 ? (owners[0]?.id ?? "") : "", name: uri };
}

/** A name or URI that a server sent, which may be anything. */
export function textOf(value: unknown): string {
  return typeof value === "string" ? value : "";
}
