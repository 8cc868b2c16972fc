import { preflightEntry, type ServerOptions, serverId, serverOptions } from "@mcp-hangar/core";
import { z } from "zod";
import { invalidInput, isOperationFailure, type Operation, operation, operationFailure } from "../operation.ts";
import type { ManagementParts } from "../parts.ts";
import { findEntry, serverInput, serverView, viewOf } from "./server-view.ts";

const permission = "servers:write";
/** Servers that callers may have registered at the same time. */
const RUNTIME_SERVERS_MAX = 1_000;

/**
 * With them a caller could have the gateway prove to a server of the caller's choice that it is the gateway, and learn which
 * files there are.
 */
const TLS_FILES = ["ca_file", "cert_file", "key_file"] as const;

/**
 * Registering servers while the gateway runs. It is off unless the configuration allows modes for it: who registers a
 * subprocess or a container runs a program here.
 */
export function registrationOperations(
  parts: Pick<ManagementParts, "gateway" | "access" | "options" | "platform">,
): readonly Operation[] {
  const { gateway, access } = parts;
  const offered = (): boolean => parts.options.allow_runtime_servers.length > 0;
  return [
    operation({
      id: "registerServer",
      title: "Register a server",
      description:
        "Registers an MCP server until the gateway ends; it starts with its first call. Only modes that management.allow_runtime_servers names are possible. Remote servers at addresses that are not public need management.runtime_addresses.",
      permission,
      effect: "change",
      tool: "hangar_register",
      offered,
      route: { method: "POST", path: "/api/mcp_servers" },
      input: z.object({
        server: serverId.describe("Id of the new server."),
        options: serverOptions.describe("As an entry of mcp_servers in the configuration; variables are not replaced."),
      }),
      output: serverView,
      run: async ({ server: id, options }, { caller, changed }) => {
        const { allow_runtime_servers: modes, runtime_addresses: allow } = parts.options;
        if (!modes.some((mode) => mode === options.mode)) {
          const message = `servers of mode ${options.mode} may not be registered at run time; management.allow_runtime_servers in the configuration says which may`;
          return operationFailure("mode_not_allowed", 403, message);
        }
        if ("address_guard" in options && options.address_guard !== undefined) {
          const message = "it is not yours to set; management.runtime_addresses in the configuration is the guard";
          return invalidInput([{ field: "options.address_guard", message }]);
        }
        const file = "tls" in options ? TLS_FILES.find((key) => options.tls?.[key] !== undefined) : undefined;
        if (file !== undefined) {
          const message = "files are the gateway's: only servers of its configuration may use them";
          return invalidInput([{ field: `options.tls.${file}`, message }]);
        }
        const guarded: ServerOptions = options.mode === "remote" ? { ...options, address_guard: { allow } } : options;
        // Whom a new server does not exist for must not make one, nor one that gets the calls of a group out of reach.
        const group = gateway.fleet.groups.of(id);
        const mayJoin = group === undefined || access.reaches(caller, group.id, permission);
        if (!mayJoin || !access.reaches(caller, id, permission)) {
          return operationFailure("forbidden", 403, `your roles do not reach a server of the id "${id}"`);
        }
        const registered = gateway.fleet
          .all()
          .filter((server) => gateway.fleet.originOf(server.id) === "runtime").length;
        if (registered >= RUNTIME_SERVERS_MAX) {
          const message = `${registered} servers are registered at run time, and no more can be; unregister some`;
          return operationFailure("too_many_servers", 409, message);
        }
        // Last before it counts: only who may register the server learns what of it is missing here.
        const obstacles = await preflightEntry(guarded, parts.platform);
        if (obstacles.length > 0) {
          return invalidInput(
            obstacles.map(({ path, message }) => ({ field: ["options", ...path].join("."), message })),
          );
        }
        if (!gateway.fleet.register(id, guarded, { origin: "runtime", caller })) {
          const message = `the id "${id}" is taken, or the gateway is shutting down; choose another or unregister that server`;
          return operationFailure("conflict", 409, message);
        }
        changed?.({ after: `registered with mode ${options.mode}` });
        const entry = findEntry(parts, id, { caller, permission });
        return isOperationFailure(entry) ? entry : viewOf(parts, entry, { caller, permission });
      },
    }),
    operation({
      id: "unregisterServer",
      title: "Unregister a server",
      description:
        "Removes an MCP server that was registered at run time, when its calls have ended. Those of the configuration and of discovery sources are removed there.",
      permission,
      effect: "destroy",
      tool: "hangar_unregister",
      offered,
      route: { method: "DELETE", path: "/api/mcp_servers/{server}" },
      input: z.object({ server: serverInput }),
      output: z.object({ server: z.string(), removed: z.boolean().describe("False when somebody else was quicker.") }),
      run: async ({ server: id }, { caller, changed }) => {
        const entry = findEntry(parts, id, { caller, permission });
        if (isOperationFailure(entry)) return entry;
        const origin = gateway.fleet.originOf(id);
        if (origin !== "runtime") {
          const place = origin === "config" ? "the configuration" : "a discovery source";
          const message = `"${id}" was defined by ${place}; remove it there`;
          return operationFailure("defined_elsewhere", 409, message);
        }
        const { mode } = viewOf(parts, entry, { caller, permission });
        const removed = await gateway.fleet.unregister(id, "requested");
        if (removed) changed?.({ before: `registered with mode ${mode}` });
        return { server: id, removed };
      },
    }),
  ];
}
