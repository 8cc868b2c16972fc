import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startGateway } from "../src/harness/gateway-process.ts";
import { bearer, type SecuredGateway, startSecuredGateway } from "../src/harness/secured-gateway.ts";
import { temporaryFolder } from "../src/harness/temporary-folder.ts";
import { MEMORY, nodeServer } from "../src/harness/upstreams.ts";
import { modernRequest, namesIn, type RpcAnswer } from "../src/harness/wire-client.ts";

/**
 * Everything that the gateway offers, as the running gateway itself names it: a route or a tool that is added later is in
 * these tables by itself, and fails here when it asks for nothing.
 */
interface Offer {
  readonly routes: readonly Route[];
  readonly managementTools: readonly Tool[];
  readonly serverTools: readonly string[];
  readonly permissions: readonly string[];
}

interface Route {
  readonly method: string;
  readonly path: string;
  /** `undefined`: for everybody. */
  readonly permission: string | undefined;
}

interface Tool {
  readonly name: string;
  /** Of the endpoint that has it. */
  readonly path: string;
  /** As the reference says. */
  readonly permission: string;
  readonly annotations: { readonly readOnlyHint: boolean };
}

const SERVER = "memory";
const REFERENCE = readFileSync(new URL("../../../docs/reference/api.md", import.meta.url), "utf8");
const folder = await temporaryFolder();
/** Whatever a tool of the management may need to exist is configured. */
const CONFIG = {
  mcp_servers: {
    [SERVER]: nodeServer(MEMORY),
    other: nodeServer(MEMORY),
    member: nodeServer(MEMORY),
    pool: { mode: "group", members: [{ id: "member" }] },
  },
  management: { allow_runtime_servers: ["remote"] },
  history: { file: `${folder.path}/history.sqlite` },
  compliance: { journal: { folder: `${folder.path}/journal` } },
  discovery: { sources: { files: { type: "filesystem", path: folder.path } } },
};
const ALL_TOOLS = "tools:call";
/** What the roles that exist without being configured may do. */
const BUILT_IN: Readonly<Record<string, (permission: string) => boolean>> = {
  admin: () => true,
  operator: (permission) => !permission.startsWith("keys:"),
  viewer: (permission) => permission.endsWith(":read") && !["keys:read", "audit:read"].includes(permission),
  auditor: (permission) => permission.endsWith(":read"),
  agent: (permission) => permission === ALL_TOOLS,
};
/** Strangers are tried on every route. */
const PATIENT = { max_failures: 1_000 };

/** What the OpenAPI document does not describe; the probes and documents are for everybody. */
const OTHER_ROUTES: readonly Route[] = [
  { method: "GET", path: "/metrics", permission: "metrics:read" },
  { method: "POST", path: "/mcp", permission: ALL_TOOLS },
  { method: "GET", path: "/mcp", permission: ALL_TOOLS },
  { method: "DELETE", path: "/mcp", permission: ALL_TOOLS },
  { method: "POST", path: `/servers/${SERVER}/mcp`, permission: ALL_TOOLS },
  { method: "GET", path: `/servers/${SERVER}/mcp`, permission: ALL_TOOLS },
  { method: "DELETE", path: `/servers/${SERVER}/mcp`, permission: ALL_TOOLS },
  ...["live", "ready", "startup"].map((probe) => ({ method: "GET", path: `/health/${probe}`, permission: undefined })),
  ...["", "/mcp", "/manage/mcp", `/servers/${SERVER}/mcp`].map((resource) => ({
    method: "GET",
    path: `/.well-known/oauth-protected-resource${resource}`,
    permission: undefined,
  })),
];

// The tables of the tests are made of what a gateway that asks nobody shows.
const offer = await offerOfAnOpenGateway();

let secured: SecuredGateway;
let url: string;
const keys = new Map<string, string>();

beforeAll(async () => {
  secured = await startSecuredGateway({
    ...CONFIG,
    auth: { roles: roles(offer), lockout: PATIENT },
  });
  url = secured.gateway.url;
  // The tools of a server are known once it has run.
  await modernRequest(`${url}/mcp`, "tools/list", {}, { headers: bearer(secured.admin) });
});

afterAll(async () => {
  await secured?.[Symbol.asyncDispose]();
  await folder[Symbol.asyncDispose]();
});

/** The key of somebody whose only role this is. */
async function keyOf(role: string): Promise<string> {
  const known = keys.get(role);
  if (known !== undefined) return known;
  const key = await secured.keyFor(role, role);
  keys.set(role, key);
  return key;
}

async function statusOf({ method, path }: Route, token: string | undefined): Promise<number> {
  const filled = path.replaceAll("{server}", SERVER).replaceAll(/\{[a-z_]+\}/g, "nothing");
  const hangUp = new AbortController();
  const response = await fetch(`${url}${filled}`, {
    method,
    headers: { "content-type": "application/json", ...(token !== undefined && bearer(token)) },
    ...(method === "GET" ? {} : { body: "{}" }),
    signal: hangUp.signal,
  });
  if (response.status === 401) expect(response.headers.get("www-authenticate")).toMatch(/^Bearer /);
  // A stream of events does not end by itself.
  hangUp.abort();
  return response.status;
}

describe.each(offer.routes)("$method $path ($permission)", (route) => {
  const { permission } = route;

  if (permission === undefined) {
    test("is for everybody", async () => {
      expect([401, 403]).not.toContain(await statusOf(route, undefined));
    });
    return;
  }

  test("asks a stranger who they are", async () => {
    expect(await statusOf(route, undefined)).toBe(401);
    expect(await statusOf(route, "mcph_000000000000_0000000000000000000000000000000000000000000000000")).toBe(401);
  });

  test("is denied with every permission but its own", async () => {
    expect(await statusOf(route, await keyOf(without(permission)))).toBe(403);
  });

  test("is open with its own permission alone", async () => {
    expect([401, 403]).not.toContain(await statusOf(route, await keyOf(only(permission))));
  });

  test("asks for a permission that fits what it does", () => {
    expect(permission.endsWith(":read") || permission === ALL_TOOLS).toBe(
      route.method === "GET" || permission === ALL_TOOLS,
    );
  });
});

describe.each(offer.managementTools)("the tool $name", ({ name, path, annotations }) => {
  const list = (token: string): Promise<readonly string[]> => listAt(`${url}${path}`, token);
  const call = (tool: string, args: object, token: string | undefined): Promise<RpcAnswer> =>
    callAt(`${url}${path}`, tool, args, token);

  test("needs exactly one permission, which fits what it does: without it, it does not exist", async () => {
    const needed: string[] = [];
    for (const permission of offer.permissions.filter((each) => each !== ALL_TOOLS)) {
      const listed = (await list(await keyOf(without(permission)))).includes(name);
      const answer = await call(name, {}, await keyOf(without(permission)));
      expect(isUnknown(answer, name), `listed and callable without ${permission}`).toBe(!listed);
      if (!listed) needed.push(permission);
    }
    // What everybody who may use MCP has needs no other permission.
    expect(needed.length).toBeLessThanOrEqual(1);
    const [permission = ALL_TOOLS] = needed;
    if (permission !== ALL_TOOLS) expect(permission.endsWith(":read")).toBe(annotations.readOnlyHint);
    const sufficient = await keyOf(permission === ALL_TOOLS ? only(ALL_TOOLS) : withTools(permission));
    expect(await list(sufficient)).toContain(name);
    expect(isUnknown(await call(name, {}, sufficient), name)).toBe(false);
  });

  test("is out of reach of strangers, and on /mcp of those who may not use MCP", async () => {
    expect((await call(name, {}, undefined)).status).toBe(401);
    if (path === "/mcp") expect((await call(name, {}, await keyOf(without(ALL_TOOLS)))).status).toBe(403);
  });
});

describe("/manage/mcp", () => {
  const at = (): string => `${url}/manage/mcp`;
  const open = async (token: string): Promise<number> => {
    const body = { jsonrpc: "2.0", id: 1, method: "tools/list" };
    const headers = {
      ...bearer(token),
      "content-type": "application/json",
      accept: "application/json, text/event-stream",
    };
    return (await fetch(at(), { method: "POST", headers, body: JSON.stringify(body) })).status;
  };

  test.each(["POST", "GET", "DELETE"])("asks a stranger who they are (%s)", async (method) => {
    expect(await statusOf({ method, path: "/manage/mcp", permission: undefined }, undefined)).toBe(401);
  });

  test.each(offer.permissions)(
    "with %s alone has exactly the tools that need it, and nobody else comes in",
    async (permission) => {
      const mine = offer.managementTools.filter(
        (tool) => tool.path === "/manage/mcp" && tool.permission === permission,
      );
      const token = await keyOf(only(permission));
      if (mine.length === 0 && permission !== ALL_TOOLS) return expect(await open(token)).toBe(403);
      expect(await listAt(at(), token)).toEqual(mine.map(({ name }) => name));
      expect(await listAt(at(), await keyOf(withTools(permission)))).toEqual(mine.map(({ name }) => name));
    },
  );

  test.each(Object.entries(BUILT_IN))("shows the role %s its tools, and calls no other", async (role, has) => {
    const token = await keyOf(role);
    const tools = offer.managementTools.filter(({ path }) => path === "/manage/mcp");
    const mine = tools.filter(({ permission }) => has(permission)).map(({ name }) => name);
    expect(await listAt(at(), token)).toEqual(mine);
    for (const { name } of tools) {
      const answer = await callAt(at(), name, {}, token);
      expect(isUnknown(answer, name), `${name} for ${role}`).toBe(!mine.includes(name));
    }
    // Whoever looks at the gateway need not be allowed to use its servers.
    expect((await modernRequest(`${url}/mcp`, "tools/list", {}, { headers: bearer(token) })).status).toBe(
      has(ALL_TOOLS) ? 200 : 403,
    );
  });
});

describe.each(offer.serverTools)("the tool %s of a server", (tool) => {
  test("does not exist for a role that denies it, on any way to it", async () => {
    const token = await keyOf(denies(tool));
    expect(await list(token)).not.toContain(`${SERVER}__${tool}`);
    expect(await list(token, SERVER)).not.toContain(tool);
    for (const wanted of [tool, "no_such_tool"]) {
      const answers = await everyWay(wanted, token);
      // Word for word what is said of a tool that nobody has.
      expect(answers.map((answer) => answer.replaceAll(wanted, "TOOL"))).toEqual(UNKNOWN);
    }
  });

  test("is all there is for a role that allows nothing else", async () => {
    const token = await keyOf(allows(tool));
    expect((await list(token)).filter((name) => !name.startsWith("hangar_"))).toEqual([`${SERVER}__${tool}`]);
    expect(await list(token, SERVER)).toEqual([tool]);
    for (const answer of await everyWay(tool, token)) expect(answer).not.toMatch(/unknown tool|unknown_tool/);
  });

  test("is out of reach of a role for another server, as if its own were not there", async () => {
    const token = await keyOf("elsewhere");
    const there = await fetch(`${url}/servers/${SERVER}/mcp`, { method: "POST", headers: bearer(token) });
    const nowhere = await fetch(`${url}/servers/nowhere/mcp`, { method: "POST", headers: bearer(token) });
    expect([there.status, (await there.text()).replace(SERVER, "nowhere")]).toEqual([404, await nowhere.text()]);
    expect((await list(token)).filter((name) => name.startsWith(`${SERVER}__`))).toEqual([]);
    expect((await call(`${SERVER}__${tool}`, {}, token)).message.error?.message).toMatch(/^unknown tool /);
  });
});

test("the live gateway offers what these tables expect of it", () => {
  expect(offer.routes.length).toBeGreaterThan(20);
  expect(offer.managementTools.length).toBeGreaterThan(10);
  expect(offer.serverTools.length).toBe(9);
  expect(offer.permissions).toEqual(
    expect.arrayContaining([ALL_TOOLS, "servers:write", "keys:write", "config:reload"]),
  );
});

const UNKNOWN = [
  `unknown tool "${SERVER}__TOOL"`,
  `unknown tool "TOOL"`,
  `unknown_tool: unknown tool "TOOL" of server "${SERVER}"`,
  `404 unknown_tool`,
];

/** Calls a tool on each way there is, and returns what was said to it, without what differs from call to call. */
async function everyWay(tool: string, token: string): Promise<readonly string[]> {
  // What is suggested instead is another for each name.
  const said = ({ message }: RpcAnswer): string =>
    message.error?.message.replace(/; did you mean .*$/, "") ?? "answered";
  const batch = await call("hangar_call", { calls: [{ server: SERVER, tool }] }, token);
  // What hangar_call answers to a valid batch.
  const report = batch.message.result?.structuredContent as
    | { results?: { error: string; error_type: string }[] }
    | undefined;
  const [item] = report?.results ?? [];
  const rest = await fetch(`${url}/api/mcp_servers/${SERVER}/tools/${tool}/call`, {
    method: "POST",
    headers: { ...bearer(token), "content-type": "application/json" },
    body: JSON.stringify({ arguments: {} }),
  });
  const restSaid = (await rest.json()) as { readonly error?: { readonly code: string } };
  return [
    said(await call(`${SERVER}__${tool}`, {}, token)),
    said(await call(tool, {}, token, SERVER)),
    `${item?.error_type}: ${item?.error}`,
    `${rest.status} ${restSaid.error?.code}`,
  ];
}

function call(name: string, args: object, token: string | undefined, server?: string): Promise<RpcAnswer> {
  return callAt(secured.gateway.mcpUrl(server), name, args, token);
}

function callAt(at: string, name: string, args: object, token: string | undefined): Promise<RpcAnswer> {
  const headers = token === undefined ? {} : bearer(token);
  return modernRequest(at, "tools/call", { name, arguments: args }, { headers });
}

function list(token: string, server?: string): Promise<readonly string[]> {
  return listAt(secured.gateway.mcpUrl(server), token);
}

async function listAt(at: string, token: string): Promise<readonly string[]> {
  const { message } = await modernRequest(at, "tools/list", {}, { headers: bearer(token) });
  return namesIn(message, "tools");
}

function isUnknown({ message }: RpcAnswer, name: string): boolean {
  return message.error?.message.startsWith(`unknown tool "${name}"`) === true;
}

function without(permission: string): string {
  return `without-${permission.replace(":", "-")}`;
}

function only(permission: string): string {
  return `only-${permission.replace(":", "-")}`;
}

function withTools(permission: string): string {
  return `tools-and-${permission.replace(":", "-")}`;
}

function denies(tool: string): string {
  return `denies-${tool}`;
}

function allows(tool: string): string {
  return `allows-${tool}`;
}

/** The roles that the tables need. */
function roles({ permissions, serverTools }: Offer): Record<string, object> {
  return Object.fromEntries([
    ...permissions.flatMap((permission) => [
      [without(permission), { permissions: permissions.filter((each) => each !== permission) }],
      [only(permission), { permissions: [permission] }],
      [withTools(permission), { permissions: [...new Set([ALL_TOOLS, permission])] }],
    ]),
    ...serverTools.flatMap((tool) => [
      [denies(tool), { permissions: [ALL_TOOLS], tools: { deny: [`${SERVER}/${tool}`] } }],
      [allows(tool), { permissions: [ALL_TOOLS], tools: { allow: [`${SERVER}/${tool}`] } }],
    ]),
    ["elsewhere", { permissions: [ALL_TOOLS], tools: { allow: ["other"] } }],
  ]) as Record<string, object>;
}

function permissionOf(tool: string): string {
  const permission = new RegExp(`\\| \`${tool}\`[^|]* \\| \`([a-z:]+)\` \\|`).exec(REFERENCE)?.[1];
  if (permission === undefined) throw new Error(`the reference has no ${tool}`);
  return permission;
}

async function offerOfAnOpenGateway(): Promise<Offer> {
  await using gateway = await startGateway(CONFIG);
  const document = (await (await fetch(`${gateway.url}/api/openapi.json`)).json()) as {
    readonly paths: Record<string, Record<string, { readonly "x-permission"?: string }>>;
  };
  const described = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(
      ([method, { "x-permission": permission }]): Route => ({ method: method.toUpperCase(), path, permission }),
    ),
  );
  const { message } = await modernRequest(gateway.mcpUrl(), "tools/list");
  const managed = await modernRequest(gateway.manageUrl, "tools/list");
  const toolsAt = (path: string, listed: RpcAnswer["message"]): readonly Tool[] =>
    // A list of tools, each with the annotations that the gateway gives its own.
    ((listed.result?.tools ?? []) as unknown as readonly Omit<Tool, "path" | "permission">[])
      .filter(({ name }) => name.startsWith("hangar_"))
      .map((tool) => ({ ...tool, path, permission: permissionOf(tool.name) }));
  const routes = [...described, ...OTHER_ROUTES];
  return {
    routes,
    managementTools: [...toolsAt("/mcp", message), ...toolsAt("/manage/mcp", managed.message)],
    serverTools: namesIn(message, "tools").flatMap((name) =>
      name.startsWith(`${SERVER}__`) ? [name.slice(`${SERVER}__`.length)] : [],
    ),
    permissions: [...new Set(routes.flatMap(({ permission }) => (permission === undefined ? [] : [permission])))],
  };
}
