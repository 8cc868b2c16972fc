import type { Caller } from "@mcp-hangar/telemetry";
import { z } from "zod";
import type { AccessSystem } from "../../access/create-access.ts";
import { credentialOf, isLastAdmin, type KeyView } from "../../access/key-entry.ts";
import { NAME, NAME_RULE } from "../../access/options.ts";
import { invalidInput, type Operation, type OperationFailure, operation, operationFailure } from "../operation.ts";
import type { ManagementParts } from "../parts.ts";

const keyId = z.string().min(1).max(63).describe("Id of the key, as the list and the key itself have it.");

const keyView = z.object({
  id: z.string(),
  name: z.string().describe("Who has the key, in records and metrics."),
  roles: z.array(z.string()),
  status: z.enum(["active", "expired", "revoked"]),
  origin: z.enum(["file", "config"]).describe("Keys of the configuration are changed there."),
  created_at: z.string().nullable(),
  expires_at: z.string().nullable(),
  revoked_at: z.string().nullable(),
  last_used_at: z.string().nullable(),
});

/**
 * API keys over REST. There are no tools for them: a new key is a secret, and what a tool answers is read by a model and
 * kept in its transcript.
 */
export function keyOperations({
  accessSystem: { keys, roles },
  platform: { clock },
}: Pick<ManagementParts, "accessSystem" | "platform">): readonly Operation[] {
  /** A role of the key that the caller could not give; roles that nobody defined give nothing. */
  const beyondOf = (key: KeyView, caller: Caller): string | undefined =>
    key.roles.find((role) => roles.names.includes(role) && !roles.mayGrant(caller, role));
  return [
    operation({
      id: "listKeys",
      title: "List the API keys",
      description: "Lists the API keys with name, roles and last use. The keys themselves are kept nowhere.",
      permission: "keys:read",
      effect: "read",
      route: { method: "GET", path: "/api/keys" },
      input: z.object({}),
      output: z.object({ keys: z.array(keyView) }),
      run: () => ({ keys: (keys?.list() ?? []).map(copied) }),
    }),
    operation({
      id: "createKey",
      title: "Create an API key",
      description:
        "Creates an API key and answers it, this once. Only roles can be given that the caller has, unless nothing is denied to the caller.",
      permission: "keys:write",
      effect: "change",
      route: { method: "POST", path: "/api/keys" },
      input: z.object({
        name: z
          .string()
          .regex(NAME, NAME_RULE)
          .describe(`Who gets the key: ${NAME_RULE}. No active key may have the name.`),
        roles: z.array(z.string().min(1).max(63)).min(1).max(20).describe("Names of roles."),
        expires_at: z.iso.datetime({ offset: true }).optional().describe("Until when it is valid; for ever if absent."),
      }),
      output: z.object({ key: keyView, token: z.string().describe("The key. It cannot be shown again.") }),
      async run({ name, roles: wanted, expires_at: expires }, { caller, changed }) {
        if (keys === undefined || !keys.isManaged) return notManaged();
        const unknown = wanted.find((role) => !roles.names.includes(role));
        if (unknown !== undefined) {
          return invalidInput([
            { field: "roles", message: `there is no role "${unknown}"; there are ${roles.names.join(", ")}` },
          ]);
        }
        const expiresMs = expires === undefined ? undefined : Date.parse(expires);
        if (expiresMs !== undefined && expiresMs <= clock.wallMs()) {
          return invalidInput([{ field: "expires_at", message: "it is over already" }]);
        }
        const beyond = wanted.find((role) => !roles.mayGrant(caller, role));
        if (beyond !== undefined) {
          const message = `"${caller.id}" cannot give the role "${beyond}", which allows what "${caller.id}" may not do`;
          return operationFailure("forbidden", 403, message);
        }
        const predecessor = keys.list().find((key) => key.name === name && beyondOf(key, caller) !== undefined);
        if (predecessor !== undefined) {
          const message = `the name "${name}" was that of a key with the role "${beyondOf(predecessor, caller)}", for whose holder "${caller.id}" could be taken; choose another`;
          return operationFailure("forbidden", 403, message);
        }
        const created = await attempt(() => keys.create({ name, roles: wanted, expiresMs }));
        if (created instanceof Error) return notWritable(created);
        if (created !== "taken") {
          changed?.({ target: created.view.id, after: describe(created.view) });
          return { key: copied(created.view), token: created.token };
        }
        return operationFailure(
          "name_taken",
          409,
          `an active key has the name "${name}"; choose another, or revoke that one`,
        );
      },
    }),
    operation({
      id: "revokeKey",
      title: "Revoke an API key",
      description:
        "Revokes an API key for good. It is refused at once, also for what was begun with it. Keys with roles that the caller could not give are not revoked, and the last key with all rights only with `force`.",
      permission: "keys:write",
      effect: "destroy",
      route: { method: "DELETE", path: "/api/keys/{id}" },
      input: z.object({
        id: keyId,
        force: z.boolean().default(false).describe("Revokes the last key with all rights, too."),
      }),
      output: z.object({
        key: keyView,
        written: z
          .boolean()
          .describe(
            "False while the file of keys cannot be written: until then the key would be valid after a restart.",
          ),
      }),
      async run({ id, force }, { caller, changed }) {
        if (keys === undefined || !keys.isManaged) return notManaged();
        const all = keys.list();
        const key = all.find((each) => each.id === id);
        if (key === undefined)
          return operationFailure(
            "unknown_key",
            404,
            `there is no key ${JSON.stringify(id)}; GET /api/keys lists them`,
          );
        if (key.origin === "config")
          return operationFailure("key_of_config", 409, `"${id}" is a key of the configuration: remove it there`);
        const beyond = beyondOf(key, caller);
        if (beyond !== undefined && caller.credential !== credentialOf(id)) {
          const message = `"${caller.id}" cannot revoke a key with the role "${beyond}", which allows what "${caller.id}" may not do`;
          return operationFailure("forbidden", 403, message);
        }
        if (!force && isLastAdmin(key, all, roles)) return lastAdmin(key);
        const revocation = await keys.revoke(id);
        if (revocation === undefined)
          return operationFailure("unknown_key", 404, `there is no key ${JSON.stringify(id)} any more`);
        changed?.({ target: id, before: describe(key) });
        return { key: copied(revocation.view), written: revocation.unwritten === undefined };
      },
    }),
  ];
}

/** A key in words for records: its name, and what it may do. */
function describe({ name, roles }: Pick<KeyView, "name" | "roles">): string {
  return `"${name}" with ${roles.join(", ")}`;
}

function copied(view: ReturnType<NonNullable<AccessSystem["keys"]>["list"]>[number]): z.input<typeof keyView> {
  return { ...view, roles: [...view.roles] };
}

async function attempt<Value>(work: () => Promise<Value>): Promise<Value | Error> {
  try {
    return await work();
  } catch (error) {
    return error as Error;
  }
}

/** Whoever may write keys may know where they are. */
function notWritable({ message }: Error): OperationFailure {
  return operationFailure("keys_not_writable", 503, `nothing has changed: ${message}`);
}

function lastAdmin({ id, name }: KeyView): OperationFailure {
  const message = `"${id}" ("${name}") is the last key with all rights: without it nobody could create another over the network; create one first, or repeat this with force=true`;
  return operationFailure("last_admin_key", 409, message);
}

function notManaged(): OperationFailure {
  const message = "this gateway has no file of API keys: set auth.api_keys.file and restart it";
  return operationFailure("keys_not_managed", 409, message);
}
