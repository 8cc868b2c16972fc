import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { runHangar, runProcess } from "@mcp-hangar/testing";
import {
  type GatewayConfig,
  gatewayArguments,
  type HttpGateway,
  startGateway,
  writeConfig,
} from "./gateway-process.ts";
import { temporaryFolder } from "./temporary-folder.ts";

/** A gateway that wants to know who asks. */
export interface SecuredGateway extends AsyncDisposable {
  readonly gateway: HttpGateway;
  /** The file of its API keys. */
  readonly keyFile: string;
  /** The key of its administrator. */
  readonly admin: string;
  /** Creates a key with these roles, as the administrator does. */
  keyFor(name: string, ...roles: readonly string[]): Promise<string>;
  /** Runs `mcp-hangar keys` on its file; throws when that fails. Returns what it printed. */
  keys(...args: readonly string[]): Promise<string>;
}

/** Starts a gateway with a file of API keys. `auth` may bring roles and more; `env` is added to its environment. */
export async function startSecuredGateway(
  config: GatewayConfig & { readonly auth?: Readonly<Record<string, unknown>> },
  env: Readonly<Record<string, string>> = {},
): Promise<SecuredGateway> {
  await using cleanup = new AsyncDisposableStack();
  const folder = cleanup.use(await temporaryFolder());
  const keyFile = join(folder.path, "keys.json");
  const secured = { ...config, auth: { api_keys: { file: keyFile }, ...config.auth } };
  const configFile = await writeConfig(folder.path, secured);
  const keys = async (...args: readonly string[]): Promise<string> => {
    const [command = "", ...rest] = args;
    const all = gatewayArguments("keys", command, ...rest, "--config", configFile);
    const { code, stdout, stderr } = await runProcess({ command: process.execPath, args: all, env });
    if (code !== 0) throw new Error(`keys ${args.join(" ")} failed: ${stderr}`);
    return stdout.trim();
  };
  first ??= createFirst().catch((cause: unknown) => {
    first = undefined;
    throw cause;
  });
  const { admin, file } = await first;
  await writeFile(keyFile, file, { mode: 0o600 });
  const gateway = cleanup.use(await startGateway(secured, env));
  const owned = cleanup.move();
  return {
    gateway,
    keyFile,
    admin,
    keys,
    async keyFor(name, ...roles) {
      const response = await fetch(`${gateway.url}/api/keys`, {
        method: "POST",
        headers: { ...bearer(admin), "content-type": "application/json" },
        body: JSON.stringify({ name, roles }),
      });
      const text = await response.text();
      if (response.status !== 200) throw new Error(`no key for ${name}: ${response.status} ${text}`);
      return (JSON.parse(text) as { readonly token: string }).token;
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

interface FirstKey {
  /** The key of an administrator. */
  readonly admin: string;
  /** The key file that knows it, and no other. */
  readonly file: Buffer;
}

/** Every gateway of a test process begins with the same key file: to make it takes as long as to start a gateway. */
let first: Promise<FirstKey> | undefined;

async function createFirst(): Promise<FirstKey> {
  await using folder = await temporaryFolder();
  const file = join(folder.path, "keys.json");
  const configFile = await writeConfig(folder.path, { mcp_servers: {}, auth: { api_keys: { file } } });
  const create = ["keys", "create", "--name", "root", "--role", "admin", "--config", configFile];
  const { code, stdout, stderr } = await runHangar(create);
  if (code !== 0) throw new Error(`keys create failed: ${stderr}`);
  return { admin: stdout.trim(), file: await readFile(file) };
}

/** The header by which a key is presented. */
export function bearer(token: string): { readonly authorization: string } {
  return { authorization: `Bearer ${token}` };
}
