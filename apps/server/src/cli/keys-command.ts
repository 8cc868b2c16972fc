import { nodePlatform } from "@mcp-hangar/core";
import { newApiKey } from "../access/api-key.ts";
import { ApiKeys } from "../access/api-keys.ts";
import { isLastAdmin, type KeyView } from "../access/key-entry.ts";
import { KeyFile } from "../access/key-file.ts";
import { NAME, NAME_RULE } from "../access/options.ts";
import { createRoles } from "../access/roles.ts";
import { loadConfig } from "../config/load.ts";
import type { KeysCreateOptions, KeysOptions, KeysRevokeOptions } from "./keys-program.ts";
import { table } from "./table.ts";
import { printText } from "./terminal-text.ts";

/** `mcp-hangar keys create`: prints the key, this once. A running gateway takes it within a second. */
export async function runKeysCreate(options: KeysCreateOptions): Promise<number> {
  const { auth } = loadConfig(options.config, process.env).config;
  const { names } = createRoles(auth.roles);
  const unknown = options.role.find((role) => !names.includes(role));
  if (unknown !== undefined) throw new Error(`there is no role "${unknown}"; there are ${names.join(", ")}`);
  if (!NAME.test(options.name)) throw new Error(`the name "${options.name}" is not ${NAME_RULE}`);
  const expiresMs = options.expires === undefined ? undefined : expiryOf(options.expires, nodePlatform.clock.wallMs());
  if (options.static === true) return printStatic(options, expiresMs);
  const file = new KeyFile(fileOf(auth.api_keys?.file));
  if (file.version() === undefined) await file.update((keys) => keys, { create: true });
  const created = await keysOf(file).create({ name: options.name, roles: options.role, expiresMs });
  if (created === "taken")
    throw new Error(`an active key has the name "${options.name}"; choose another, or revoke that one`);
  if (options.json === true) return print(JSON.stringify({ key: created.view, token: created.token }, undefined, 2));
  process.stderr.write(`Key ${created.view.id} for "${options.name}". It is not shown again:\n`);
  return print(created.token);
}

/** `mcp-hangar keys list`. */
export async function runKeysList(options: KeysOptions): Promise<number> {
  const { auth } = loadConfig(options.config, process.env).config;
  const file = auth.api_keys?.file;
  const views = keysOf(file === undefined ? undefined : new KeyFile(file), auth.api_keys?.static).list();
  if (options.json === true) return print(JSON.stringify({ keys: views }, undefined, 2));
  if (views.length === 0) return print("there are no API keys; mcp-hangar keys create makes one");
  return print(table(["ID", "NAME", "ROLES", "STATUS", "EXPIRES", "LAST USED"], views.map(row)));
}

/** `mcp-hangar keys revoke`: a running gateway refuses the key within a second. */
export async function runKeysRevoke(id: string, options: KeysRevokeOptions): Promise<number> {
  const { auth } = loadConfig(options.config, process.env).config;
  const keys = keysOf(new KeyFile(fileOf(auth.api_keys?.file)), auth.api_keys?.static);
  const all = keys.list();
  const key = all.find((each) => each.id === id && each.origin === "file");
  if (key !== undefined && options.force !== true && isLastAdmin(key, all, createRoles(auth.roles))) {
    const remedy = "create another first, or repeat this with --force";
    throw new Error(`${id} ("${key.name}") is the last key with all rights; ${remedy}`);
  }
  const revocation = await keys.revoke(id);
  if (revocation === undefined) throw new Error(`there is no key "${id}" in the file; mcp-hangar keys list shows them`);
  // This process ends, and a gateway learns of it through the file only.
  if (revocation.unwritten !== undefined) throw revocation.unwritten;
  const { view: revoked } = revocation;
  return print(
    options.json === true ? JSON.stringify({ key: revoked }, undefined, 2) : `revoked ${id} ("${revoked.name}")`,
  );
}

function keysOf(file: KeyFile | undefined, fixed: ConstructorParameters<typeof ApiKeys>[0]["fixed"] = []): ApiKeys {
  const { clock } = nodePlatform;
  return new ApiKeys({ clock, expiry: clock, file, fixed, onChange: () => {}, onProblem: () => {} });
}

function fileOf(file: string | undefined): string {
  if (file !== undefined) return file;
  throw new Error("the configuration names no file of API keys: set auth.api_keys.file, or use keys create --static");
}

/** A key for the configuration: the entry goes there, the key to its holder, and neither to a file. */
function printStatic({ name, role, json }: KeysCreateOptions, expiresMs: number | undefined): number {
  const { token, hash } = newApiKey();
  const expires = expiresMs === undefined ? {} : { expires_at: new Date(expiresMs).toISOString() };
  const entry = { name, hash, roles: role, ...expires };
  if (json === true) return print(JSON.stringify({ entry, token }, undefined, 2));
  process.stderr.write(
    `Entry for auth.api_keys.static:\n- ${JSON.stringify(entry)}\nThe key, which is not shown again:\n`,
  );
  return print(token);
}

const UNIT_MS: Readonly<Record<string, number>> = { m: 60_000, h: 3_600_000, d: 86_400_000 };

/** `90d`, `12h`, `30m`, or a time as in 2027-01-31T00:00:00Z. */
function expiryOf(text: string, nowMs: number): number {
  const [, amount, unit = ""] = /^(\d{1,5})([mhd])$/.exec(text) ?? [];
  const expiresMs = amount === undefined ? Date.parse(text) : nowMs + Number(amount) * (UNIT_MS[unit] ?? 0);
  if (Number.isNaN(expiresMs)) throw new Error(`"${text}" is no time; write 90d, 12h, 30m or 2027-01-31T00:00:00Z`);
  if (expiresMs <= nowMs) throw new Error(`"${text}" is over already`);
  return expiresMs;
}

function row({ id, name, roles, status, expires_at: expires, last_used_at: used }: KeyView): readonly string[] {
  return [id, name, roles.join(","), status, expires ?? "never", used ?? "-"];
}

function print(text: string): number {
  printText(text);
  return 0;
}
