import type { FleetEntry, Gateway, ListKind, ManagedServer } from "@mcp-hangar/core";
import type { Caller } from "@mcp-hangar/telemetry";
import type { CallerRights } from "../access/access.ts";
import { type NamedList, QualifiedNames, SEPARATOR, split, type Target } from "./qualified-names.ts";

export type { Target } from "./qualified-names.ts";

/**
 * What an endpoint shows: everything under prefixed names, one server or group as if it were spoken to directly, or no server.
 * Where everything is shown, a group stands for its members: those are called by their own names, but not listed.
 */
export type ScopeSelector =
  | { readonly kind: "all" }
  | { readonly kind: "server"; readonly id: string }
  /** No server at all: the tools of the gateway itself only. */
  | { readonly kind: "none" };

/** Items of a list, by their names or the server's own URIs. */
interface Items {
  readonly list: ListKind;
  readonly names: Iterable<string>;
}

/** In front of resource URIs of the aggregate: `hangar://<server>/<the server's own URI>`. */
const URI_SCHEME = "hangar://";
/** URIs of MCP Apps keep their scheme, by which hosts know them (SEP-1865): `ui://<server>__<the rest of the server's own URI>`. */
const UI_SCHEME = "ui://";

/**
 * The names of an endpoint: how servers' names look to clients, and what clients' names mean. A server or group of which a
 * caller may use nothing does not exist for the caller.
 */
export interface Scope {
  readonly kind: ScopeSelector["kind"];
  readonly single: boolean;
  /** Whether all callers see the same: only then may caches in front share what a server calls public. */
  readonly sameForAll: boolean;
  /** What is listed. */
  entries(caller: Caller): readonly FleetEntry[];
  /** The servers behind it, with the members of groups. */
  servers(caller: Caller): readonly ManagedServer[];
  /** Whether there is such a server or group. */
  exists(id: string, caller: Caller): boolean;
  /** Whether something exists for the caller: a tool or prompt by its name, a resource or template by the server's own URI. */
  shows(caller: Caller, id: string, list: ListKind, name: string): boolean;
  /** Whether what happens at the server or group concerns clients of this endpoint. */
  has(id: string): boolean;
  /** Whether it concerns this one of them; of what is about certain items, one must exist for the caller. */
  concerns(caller: Caller, id: string, about?: Items): boolean;
  /** What decides, beside their own names, how the items of a list are called. */
  naming(entry: FleetEntry, list: ListKind): string;
  /** The name of an item of a list. */
  qualify(server: string, list: ListKind, name: string): string;
  qualifyUri(server: string, uri: string): string;
  /** Always a target: a name that means nothing resolves to a server that does not exist. */
  resolve(name: string, list: NamedList): Target;
  /** The server that has to be listed before anybody can know what a shortened name stands for. */
  unlisted(name: string): FleetEntry | undefined;
  resolveUri(uri: string, caller: Caller): Target;
}

/** What a scope is made of. */
interface ScopeParts {
  readonly gateway: Gateway;
  readonly access: CallerRights;
}

/** The scope for a selector. Servers are looked up on each use, so that the fleet may change. */
export function createScope(parts: ScopeParts, selector: ScopeSelector): Scope {
  switch (selector.kind) {
    case "all":
      return aggregateScope(parts);
    case "server":
      return singleScope(parts, selector.id);
    case "none":
      return EMPTY_SCOPE;
  }
}

/** Every name and URI means something of a server that does not exist. */
const EMPTY_SCOPE: Scope = {
  kind: "none",
  single: false,
  // What callers may do decides which tools they see.
  sameForAll: false,
  entries: () => [],
  servers: () => [],
  exists: () => false,
  shows: () => false,
  has: () => false,
  concerns: () => false,
  naming: () => "",
  qualify: (_server, _list, name) => name,
  qualifyUri: (_server, uri) => uri,
  resolve: (name) => ({ server: "", name }),
  unlisted: () => undefined,
  resolveUri: (uri) => ({ server: "", name: uri }),
};

function common({ gateway, access }: ScopeParts): Pick<Scope, "sameForAll" | "exists" | "shows"> {
  return {
    sameForAll: !access.enabled,
    exists: (id, caller) => gateway.fleet.entry(id) !== undefined && access.reaches(caller, id),
    shows: (caller, id, list, name) => showsItem(access, caller, id, { list, name }),
  };
}

function singleScope(parts: ScopeParts, id: string): Scope {
  const { gateway, access } = parts;
  const has = (other: string): boolean => other === id || gateway.fleet.groups.get(id)?.has(other) === true;
  return {
    ...common(parts),
    kind: "server",
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
    concerns: (caller, other, about) => has(other) && reachesAny(access, caller, id, about),
    naming: () => "",
    qualify: (_server, _list, name) => name,
    qualifyUri: (_server, uri) => uri,
    resolve: (name) => ({ server: id, name }),
    unlisted: () => undefined,
    resolveUri: (uri) => ({ server: id, name: uri }),
  };
}

function aggregateScope(parts: ScopeParts): Scope {
  const { gateway, access } = parts;
  const names = new QualifiedNames(gateway.fleet);
  const concerns = (caller: Caller, id: string, about?: Items): boolean => {
    if (reachesAny(access, caller, id, about)) return true;
    const group = gateway.fleet.groups.of(id);
    return group !== undefined && reachesAny(access, caller, group.id, about);
  };
  return {
    ...common(parts),
    kind: "all",
    single: false,
    entries: (caller) => gateway.fleet.shown().filter(({ id }) => access.reaches(caller, id)),
    servers: (caller) => gateway.fleet.all().filter(({ id }) => concerns(caller, id)),
    has: () => true,
    concerns,
    naming: (entry, list) => names.naming(entry, list),
    qualify: (server, list, name) => names.qualify(server, list, name),
    qualifyUri,
    resolve: (name, list) => names.resolve(name, list),
    unlisted: (name) => names.unlisted(name),
    resolveUri: (uri, caller) => qualifiedTarget(gateway, uri) ?? ownerOf(parts, uri, caller),
  };
}

function qualifyUri(server: string, uri: string): string {
  return uri.startsWith(UI_SCHEME)
    ? `${UI_SCHEME}${server}${SEPARATOR}${uri.slice(UI_SCHEME.length)}`
    : `${URI_SCHEME}${server}/${uri}`;
}

/** What a URI of the aggregate means; `undefined` for one that may be a server's own. */
function qualifiedTarget({ fleet }: Gateway, uri: string): Target | undefined {
  if (uri.startsWith(URI_SCHEME)) return split(uri.slice(URI_SCHEME.length), "/");
  if (!uri.startsWith(UI_SCHEME)) return undefined;
  const { server, name } = split(uri.slice(UI_SCHEME.length), SEPARATOR);
  return fleet.entry(server) === undefined ? undefined : { server, name: `${UI_SCHEME}${name}` };
}

/** Whether the caller's roles reach a server, and show one of these items of it. */
function reachesAny(access: CallerRights, caller: Caller, id: string, about: Items | undefined): boolean {
  if (!access.reaches(caller, id)) return false;
  if (about === undefined) return true;
  for (const name of about.names) if (showsItem(access, caller, id, { list: about.list, name })) return true;
  return false;
}

/** Whether the caller's roles show something. What the rules of servers hide, their catalogs have not. */
function showsItem(
  access: CallerRights,
  caller: Caller,
  id: string,
  { list, name }: { readonly list: ListKind; readonly name: string },
): boolean {
  if (list === "tools") return access.admits(caller, id, name);
  return access.shows(caller, id, { kind: list === "prompts" ? "prompts" : "resources", name });
}

/** A tool result may link to a resource by the server's own URI; it resolves when exactly one of those shown lists it. */
function ownerOf({ gateway, access }: ScopeParts, uri: string, caller: Caller): Target {
  const owners = gateway.fleet
    .shown()
    .filter(({ id }) => access.reaches(caller, id))
    .filter(({ catalog }) => catalog.known("resources")?.some((resource) => resource.uri === uri))
    .filter(({ id }) => access.shows(caller, id, { kind: "resources", name: uri }));
  return { server: owners.length === 1 ? (owners[0]?.id ?? "") : "", name: uri };
}

/** What a client calls something of a server, as the server itself spells it. */
export function withoutPrefix(server: string, text: string): string {
  const ui = `${UI_SCHEME}${server}${SEPARATOR}`;
  if (text.startsWith(ui)) return `${UI_SCHEME}${text.slice(ui.length)}`;
  const prefix = [`${URI_SCHEME}${server}/`, `${server}${SEPARATOR}`].find((each) => text.startsWith(each)) ?? "";
  return text.slice(prefix.length);
}
