import { failure, type ListKind } from "@mcp-hangar/core";
import type { Caller } from "@mcp-hangar/telemetry";
import type { ClientRequest } from "./client-request.ts";
import type { Endpoint } from "./endpoint.ts";
import type { Target } from "./scope.ts";

/** Something that a client names. */
export interface Wanted {
  readonly list: ListKind;
  readonly target: Target;
}

/**
 * Whether what a client names exists for its caller: the roles and the rules of the server decide, by the name alone. Whether
 * the server has it is for the server to say.
 */
export function isOffered({ gateway, scope }: Endpoint, caller: Caller, { list, target }: Wanted): boolean {
  const { server, name } = target;
  const isShown = scope.exists(server, caller) && scope.shows(caller, server, list, name);
  return isShown && gateway.fleet.entry(server)?.catalog.hides(list, name) === false;
}

/** Has the records say what happened to a request whose caller hears that there is no such thing. */
export function noteRefusal({ gateway }: Endpoint, { caller, record }: ClientRequest, { list, target }: Wanted): void {
  const entry = gateway.fleet.entry(target.server);
  if (entry === undefined || record === undefined) return;
  record.server = entry.id;
  if (entry.catalog.hides(list, target.name)) return;
  record.result = failure("access_denied", `"${caller.id}" may not use that of server "${entry.id}"`);
}
