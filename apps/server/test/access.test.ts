import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { COMPILE_CACHE, killProcesses, runHangar, startHangar } from "@mcp-hangar/testing";
import type { JWTPayload } from "jose";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type FakeIssuer, startFakeIssuer } from "./fake-issuer.ts";
import { runCommand } from "./run-command.ts";

const folder = mkdtempSync(join(tmpdir(), "hangar-access-"));
const SLOW = fileURLToPath(new URL("slow-server.ts", import.meta.url));
const SERVERS = {
  slow: {
    mode: "subprocess",
    command: [process.execPath, "--disable-warning=ExperimentalWarning", SLOW],
    env: COMPILE_CACHE,
  },
};
let files = 0;

function config(sections: Readonly<Record<string, unknown>>): string {
  const file = join(folder, `config-${files++}.yaml`);
  writeFileSync(file, JSON.stringify({ mcp_servers: SERVERS, ...sections }));
  return file;
}

afterAll(() => {
  killProcesses();
  rmSync(folder, { recursive: true, force: true });
});

describe("a gateway that takes the tokens of an issuer", () => {
  let issuer: FakeIssuer;
  let url: string;

  beforeAll(async () => {
    issuer = await startFakeIssuer();
    const jwt = {
      issuer: issuer.url,
      audience: ["hangar"],
      role_map: { staff: ["agent"] },
      required_scopes: ["mcp:use"],
    };
    const file = config({ auth: { jwt, lockout: { max_failures: 100 } } });
    const hangar = await startHangar(["serve", "--http", "--port", "0", "--config", file]);
    url = String((await hangar.event("http_listening")).url);
  });

  afterAll(() => issuer?.[Symbol.asyncDispose]());

  const tokenFor = (more: JWTPayload = {}): Promise<string> => {
    const now = Math.floor(Date.now() / 1_000);
    return issuer.sign({
      iss: issuer.url,
      aud: "hangar",
      sub: "ann",
      exp: now + 60,
      scope: "mcp:use",
      roles: ["staff"],
      ...more,
    });
  };
  const META = {
    "io.modelcontextprotocol/protocolVersion": "2026-07-28",
    "io.modelcontextprotocol/clientCapabilities": {},
  };
  const list = (path: string, headers: Readonly<Record<string, string>> = {}): Promise<Response> =>
    fetch(`${url}${path}`, {
      method: "POST",
      headers: {
        "content-type": "application/json",
        "mcp-protocol-version": "2026-07-28",
        "mcp-method": "tools/list",
        ...headers,
      },
      body: JSON.stringify({ jsonrpc: "2.0", id: 1, method: "tools/list", params: { _meta: META } }),
    });

  it.each([
    ["/mcp", "/mcp"],
    ["/servers/slow/mcp", "/servers/slow/mcp"],
    ["/servers/nobody_knows/mcp", "/servers/nobody_knows/mcp"],
    ["/api/system", ""],
  ])("leads a client without a token from %s to the issuer", async (path, resource) => {
    const refused = await fetch(`${url}${path}`, { method: path.startsWith("/api") ? "GET" : "POST" });
    expect(refused.status).toBe(401);
    const challenge = refused.headers.get("www-authenticate") ?? "";
    expect(challenge).toMatch(/^Bearer realm="mcp-hangar", scope="mcp:use", resource_metadata="http/);
    const [, metadata = ""] = /resource_metadata="([^"]+)"/.exec(challenge) ?? [];
    expect(metadata).toBe(`${url}/.well-known/oauth-protected-resource${resource}`);
    expect(await (await fetch(metadata)).json()).toEqual({
      resource: `${url}${resource}`,
      authorization_servers: [issuer.url],
      bearer_methods_supported: ["header"],
      scopes_supported: ["mcp:use"],
      resource_name: "MCP Hangar",
    });
  });

  it("lets a client with a token in, in both eras", async () => {
    const authorization = `Bearer ${await tokenFor()}`;
    const modern = await list("/mcp", { authorization });
    expect(modern.status).toBe(200);
    expect(await modern.text()).toContain("slow__");
    const params = { protocolVersion: "2025-06-18", capabilities: {}, clientInfo: { name: "test", version: "1" } };
    const legacy = await fetch(`${url}/mcp`, {
      method: "POST",
      headers: { authorization, "content-type": "application/json" },
      body: JSON.stringify({ jsonrpc: "2.0", id: 1, method: "initialize", params }),
    });
    expect(legacy.status).toBe(200);
    expect(legacy.headers.get("mcp-session-id")).toMatch(/^[0-9a-f-]{36}$/);
  });

  it.each([
    ["that has expired", { exp: 1 }, 401, 'error="invalid_token"'],
    ["without the scope", { scope: "other" }, 403, 'error="insufficient_scope", scope="mcp:use"'],
    ["for another audience", { aud: "other" }, 401, 'error="invalid_token"'],
  ])("tells a client with a token %s what is missing", async (_what, more, status, challenge) => {
    const refused = await list("/mcp", { authorization: `Bearer ${await tokenFor(more)}` });
    expect(refused.status).toBe(status);
    expect(refused.headers.get("www-authenticate")).toContain(challenge);
    expect(await refused.text()).not.toMatch(/expired|audience/);
  });

  it("gives a caller without a role nothing, and one with a role no more than it", async () => {
    expect((await list("/mcp", { authorization: `Bearer ${await tokenFor({ roles: ["admin"] })}` })).status).toBe(403);
    const authorization = `Bearer ${await tokenFor()}`;
    expect((await fetch(`${url}/api/system`, { headers: { authorization } })).status).toBe(403);
  });

  it("does not put what a Host header says into documents where it could break out", async () => {
    const { port } = new URL(url);
    const answer = await fetch(`${url}/.well-known/oauth-protected-resource/mcp`, {
      headers: { "x-forwarded-host": 'evil"' },
    });
    expect(await answer.text()).toContain(`127.0.0.1:${port}`);
    for (const path of ["/servers/A%22/mcp", "/servers/a%2Fb/mcp", "/other", "/mcp/x"]) {
      expect((await fetch(`${url}/.well-known/oauth-protected-resource${path}`)).status).toBe(404);
    }
  });
});

describe("mcp-hangar keys", () => {
  const keys = join(folder, "keys.json");
  const file = config({ auth: { api_keys: { file: keys }, roles: { own: { permissions: ["tools:call"] } } } });

  it("creates a key that is printed alone, lists it without the key, and revokes it", async () => {
    const created = await runHangar(["keys", "create", "--name", "ci", "--role", "own", "agent", "--config", file]);
    expect(created.stdout).toMatch(/^mcph_[0-9a-z]{12}_[0-9A-Za-z]{49}\n$/);
    expect(created.stderr).toMatch(/not shown again/);
    const [, id = ""] = created.stdout.split("_");
    const listed = await runCommand(["keys", "list", "--config", file]);
    expect(listed.stdout).toMatch(new RegExp(`${id} +ci +own,agent +active +never +-`));
    expect(listed.stdout).not.toContain(created.stdout.trim());
    expect(await runCommand(["keys", "revoke", id, "--config", file])).toMatchObject({
      code: 0,
      stdout: `revoked ${id} ("ci")\n`,
    });
    expect((await runCommand(["keys", "list", "--config", file])).stdout).toMatch(/revoked/);
  });

  it("prints an entry for the configuration, with which the key works without a file", async () => {
    const made = await runCommand([
      "keys",
      "create",
      "--static",
      "--json",
      "--name",
      "fixed",
      "--role",
      "viewer",
      "--config",
      file,
    ]);
    const { entry, token } = JSON.parse(made.stdout) as { readonly entry: object; readonly token: string };
    const hangar = await startHangar([
      "serve",
      "--http",
      "--port",
      "0",
      "--config",
      config({ auth: { api_keys: { static: [entry] } } }),
    ]);
    const url = String((await hangar.event("http_listening")).url);
    const headers = { authorization: `Bearer ${token}` };
    expect((await fetch(`${url}/api/system`, { headers })).status).toBe(200);
    expect((await fetch(`${url}/mcp`, { method: "POST", headers })).status).toBe(403);
    expect((await fetch(`${url}/mcp`, { method: "POST" })).headers.get("www-authenticate")).toBe(
      'Bearer realm="mcp-hangar"',
    );
    const env = { MCP_API_KEY: token };
    expect(await runCommand(["status", "--url", url], env)).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/healthy/),
    });
    const refused = await runCommand(["status", "--url", url]);
    expect(refused).toMatchObject({ code: 1, stderr: expect.stringMatching(/credentials are missing.*MCP_API_KEY/) });
    const call = await runCommand(["call", "slow", "sleep", "--url", url], env);
    expect(call).toMatchObject({ code: 1 });
  });

  it.each([
    [
      ["create", "--name", "x", "--role", "nobody"],
      /no role "nobody"; there are admin, operator, viewer, auditor, agent, own/,
    ],
    [["create", "--name", "-x", "--role", "own"], /is not 1–63 letters/],
    [["create", "--name", "x", "--role", "own", "--expires", "soon"], /"soon" is no time; write 90d/],
    [["create", "--name", "x", "--role", "own", "--expires", "2020-01-01"], /is over already/],
    [["revoke", "nothing"], /no key "nothing"/],
  ])("%j says what is wrong", async (args, message) => {
    const { code, stderr, stdout } = await runCommand(["keys", ...args, "--config", file]);
    expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
    expect(stderr).toMatch(message);
  });
});

it("a gateway does not start without the file of its keys", async () => {
  const file = config({ auth: { api_keys: { file: join(folder, "none.json") } } });
  const { code, stderr } = await runHangar(["serve", "--http", "--port", "0", "--config", file]);
  expect(code).toBe(1);
  expect(stderr).toMatch(/none\.json: it does not exist; mcp-hangar keys create makes it/);
});

it.each([
  [{ api_keys: {} }, /auth\.api_keys: .*a file, static keys, or both/],
  [{ roles: { own: { permissions: [] } } }, /auth\.roles: .*without a way to authenticate nobody has a role/],
  [{ api_keys: { file: "k" }, roles: { admin: { permissions: [] } } }, /auth\.roles\.admin: .*this role is built in/],
  [
    { api_keys: { file: "k" }, roles: { own: { permissions: ["tools:cal"] } } },
    /did you mean tools:call|one of tools:call/,
  ],
  [
    { api_keys: { file: "k" }, roles: { own: { permissions: [], resources: { deny: ["file:///secret/*"] } } } },
    /auth\.roles\.own\.resources\.deny.0.*<server>\/<uri>/,
  ],
  [{ jwt: { issuer: "http://issuer.example", audience: ["a"] } }, /auth\.jwt\.issuer: .*https/],
  [
    { jwt: { issuer: "https://issuer.example", audience: ["a"], algorithms: ["HS256"] } },
    /asymmetric algorithm, as there is no secret/,
  ],
  [
    { jwt: { issuer: "https://issuer.example", audience: ["a"], algorithms: ["none"] } },
    /auth\.jwt\.algorithms.0.*one of RS256/,
  ],
  [{ jwt: { issuer: "https://issuer.example" } }, /auth\.jwt\.audience: missing/],
  [{ jwt: { issuer: "https://issuer.example", audience: ["a"], secret: "short" } }, /at least 32 characters/],
  [
    { jwt: { issuer: "https://issuer.example", audience: ["a"], default_roles: ["nobody"] } },
    /auth\.jwt\.default_roles.0.?: .*a role: admin/,
  ],
  [{ enabled: false }, /auth\.enabled: unknown key/],
])("the configuration %j is refused", async (auth, message) => {
  const { code, stderr } = await runCommand(["config", "check", config({ auth })]);
  expect(code).toBe(1);
  expect(stderr).toMatch(message);
});

it.each([
  [{ trusted_proxies: ["proxy.example"] }, /trusted_proxies.0.?: .*an address or a range/],
  [{ cors: { allowed_origins: ["*"] } }, /cors\.allowed_origins.0.?: .*URL/],
  [{ public_url: "https://hangar.example/path" }, /public_url: .*scheme, host and port only/],
  [{ tls: { cert_file: "a" } }, /tls\.key_file: missing/],
])("the section http with %j is refused", async (http, message) => {
  const { code, stderr } = await runCommand(["config", "check", config({ http })]);
  expect(code).toBe(1);
  expect(stderr).toMatch(message);
});
