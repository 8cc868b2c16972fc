import { join } from "node:path";
import { poll } from "@mcp-hangar/testing";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { CLIENT_ID, CLIENT_SECRET, startAuthorizationServer } from "../src/harness/authorization-server.ts";
import { type EventFollower, followFromStart } from "../src/harness/event-follower.ts";
import { factTable } from "../src/harness/fact-table.ts";
import { startGateway } from "../src/harness/gateway-process.ts";
import { rest } from "../src/harness/rest.ts";
import { bearer, type SecuredGateway, startSecuredGateway } from "../src/harness/secured-gateway.ts";
import { type TemporaryFolder, temporaryFolder } from "../src/harness/temporary-folder.ts";
import { awaitFacts, causedFacts, expectToldOnce } from "../src/harness/told-facts.ts";
import { EVERYTHING, type HttpUpstream, nodeServer, startFixture } from "../src/harness/upstreams.ts";
import { modernRequest, openLegacySession, post, type RpcAnswer } from "../src/harness/wire-client.ts";

const SERVER = "fixture";
const RESOURCE = `hangar://${SERVER}/test://static-text`;
const PROMPT = `${SERVER}__test_simple_prompt`;
const COMPLETE = { ref: { type: "ref/prompt", name: PROMPT }, argument: { name: "arg1", value: "p" } };
const AUDIENCE = "https://hangar.example/mcp";
/** The log is told everything, and no health check or sweep comes between. */
const QUIET = { logging: { level: "debug", json_format: true }, config_reload: { watch: false } };

/** One request of MCP with its parameters, in both eras unless one is named. */
const METHODS: readonly (readonly [method: string, params?: Readonly<Record<string, unknown>>, era?: string])[] = [
  ["tools/list"],
  ["prompts/list"],
  ["prompts/get", { name: PROMPT }],
  ["resources/list"],
  ["resources/templates/list"],
  ["resources/read", { uri: RESOURCE }],
  ["completion/complete", COMPLETE],
  ["resources/read", { uri: "hangar://nowhere/nothing" }],
  ["server/discover", {}, "modern"],
  ["resources/subscribe", { uri: RESOURCE }, "legacy"],
  ["resources/unsubscribe", { uri: RESOURCE }, "legacy"],
  ["logging/setLevel", { level: "info" }, "legacy"],
  ["no/such/method"],
];

interface Offered {
  readonly method: string;
  readonly path: string;
  readonly operation: string;
  readonly isPublic: boolean;
}

let folder: TemporaryFolder;
let fixture: HttpUpstream;
let issuer: Awaited<ReturnType<typeof startAuthorizationServer>>;
let secured: SecuredGateway;
let follower: EventFollower;
/** Facts that callers are known to have caused so far, in their order. */
const expected: string[] = [];

beforeAll(async () => {
  folder = await temporaryFolder();
  fixture = await startFixture("conformance/main.ts");
  issuer = await startAuthorizationServer(["agents"]);
  secured = await startSecuredGateway({
    ...QUIET,
    mcp_servers: {
      [SERVER]: { mode: "remote", endpoint: fixture.url },
      pool: { mode: "group", members: [{ id: SERVER }] },
      hidden: nodeServer(EVERYTHING),
    },
    history: { file: join(folder.path, "history.db") },
    auth: {
      jwt: { issuer: issuer.url, audience: [AUDIENCE], role_map: { agents: ["limited"] } },
      roles: {
        nothing: { permissions: [] },
        limited: { permissions: ["tools:call"], tools: { allow: [`${SERVER}/*`], deny: [`${SERVER}/test_image*`] } },
      },
      lockout: { max_failures: 1_000 },
    },
  });
  follower = await followFromStart(secured.gateway.url, bearer(secured.admin));
  expected.push("operation.finished streamEvents root");
});

afterAll(async () => {
  await follower?.[Symbol.asyncDispose]();
  await secured?.[Symbol.asyncDispose]();
  await issuer?.[Symbol.asyncDispose]();
  await fixture?.[Symbol.asyncDispose]();
  await folder?.[Symbol.asyncDispose]();
});

/** Waits for these facts, and for no others. */
async function causes(...facts: readonly string[]): Promise<void> {
  expected.push(...facts);
  await awaitFacts(follower, expected.length);
  expect(causedFacts(follower.events).slice(-facts.length)).toEqual(facts);
}

function modern(method: string, params: Readonly<Record<string, unknown>>, token: string): Promise<RpcAnswer> {
  return modernRequest(secured.gateway.mcpUrl(), method, params, { headers: bearer(token) });
}

/** Subscribes in the modern era, and leaves when the subscription has begun. */
async function listenAndLeave(): Promise<void> {
  const left = new AbortController();
  const meta = { protocolVersion: "2026-07-28", clientCapabilities: {} };
  const _meta = Object.fromEntries(
    Object.entries(meta).map(([key, value]) => [`io.modelcontextprotocol/${key}`, value]),
  );
  const method = "subscriptions/listen";
  const response = await fetch(secured.gateway.mcpUrl(), {
    method: "POST",
    headers: {
      ...bearer(secured.admin),
      accept: "application/json, text/event-stream",
      "content-type": "application/json",
      "mcp-protocol-version": meta.protocolVersion,
      "mcp-method": method,
    },
    body: JSON.stringify({
      jsonrpc: "2.0",
      id: 1,
      method,
      params: { notifications: { toolsListChanged: true }, _meta },
    }),
    signal: left.signal,
  });
  // The gateway says at once that it has begun.
  await response.body?.getReader().read();
  left.abort();
}

/** What is recorded of a request with this method. */
function recordedAs(method: string): string {
  return method === "no/such/method" ? "_other" : method;
}

async function offered(): Promise<readonly Offered[]> {
  const document = (await rest(secured.gateway, "GET", "/api/openapi.json")).json() as unknown as {
    readonly paths: Record<string, Record<string, { readonly operationId: string; readonly "x-permission"?: string }>>;
  };
  return Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, { operationId: operation, "x-permission": permission }]) => ({
      method: method.toUpperCase(),
      path: path
        .replaceAll("{server}", SERVER)
        .replaceAll("{group}", "pool")
        .replaceAll(/\{\w+\}/g, "nothing"),
      operation,
      isPublic: permission === undefined,
    })),
  );
}

async function ask({ method, path }: Offered, headers: Readonly<Record<string, string>>): Promise<number> {
  return (await rest(secured.gateway, method, path, { headers, ...(method !== "GET" && { body: {} }) })).status;
}

describe("everything that a caller with all rights does", () => {
  test("over REST is told, each operation once", async () => {
    for (const route of await offered()) {
      // The stream does not end by itself, and the document is everybody's.
      if (route.isPublic || route.path === "/api/events") continue;
      await ask(route, bearer(secured.admin));
      const operation = `operation.finished ${route.operation} root`;
      if (route.operation === "callServerTool") await causes("call.finished root");
      else if (route.operation === "runBatch") await causes("batch.finished", operation);
      else if (route.operation === "reloadConfig") await causes("config.reloaded root", operation);
      else await causes(operation);
    }
  });

  test("with a body that is no JSON, or a query that nothing understands, is told, too", async () => {
    const headers = { ...bearer(secured.admin), "content-type": "application/json" };
    await rest(secured.gateway, "POST", "/api/warm", { headers, body: "{" });
    await causes("operation.finished warmServers root");
    await rest(secured.gateway, "POST", `/api/mcp_servers/${SERVER}/tools/x/call`, { headers, body: "[]" });
    await causes("operation.finished callServerTool root");
    await rest(secured.gateway, "GET", "/api/history?colour=red", { headers });
    await causes("operation.finished listCalls root");
    await rest(secured.gateway, "GET", "/api/events?type=nothing", { headers });
    await causes("operation.finished streamEvents root");
  });

  test("as tools of the management is told, each operation once", async () => {
    const { message } = await modern("tools/list", {}, secured.admin);
    await causes("request.finished tools/list root");
    const tools = message.result?.tools as unknown as readonly {
      readonly name: string;
      readonly inputSchema: { readonly required?: readonly string[] };
    }[];
    const own = tools.filter(({ name }) => name.startsWith("hangar_"));
    expect(own.length).toBeGreaterThan(10);
    for (const { name, inputSchema } of own) {
      const values: Readonly<Record<string, unknown>> = { server: SERVER, group: "pool", in_rotation: true, calls: [] };
      const args = Object.fromEntries((inputSchema.required ?? []).map((key) => [key, values[key] ?? "nothing"]));
      await modern("tools/call", { name, arguments: args }, secured.admin);
      const before = expected.length;
      const more =
        name === "hangar_call" ? ["batch.finished"] : name === "hangar_reload_config" ? ["config.reloaded root"] : [];
      await awaitFacts(follower, before + more.length + 1);
      const [last = ""] = causedFacts(follower.events).slice(-1);
      expect(last, name).toMatch(/^operation\.finished \w+ root$/);
      await causes(...more, last);
    }
  });

  test("over MCP of the modern era is told, each method once, and a call with its batch", async () => {
    for (const [method, params = {}, era = "modern"] of METHODS) {
      if (era !== "modern") continue;
      await modern(method, params, secured.admin);
      await causes(`request.finished ${recordedAs(method)} root`);
    }
    await modern("tools/call", { name: `${SERVER}__test_simple_text`, arguments: {} }, secured.admin);
    await modern("tools/call", { name: `${SERVER}__no_such_tool`, arguments: {} }, secured.admin);
    await modern("tools/call", { name: "hidden__echo", arguments: { message: "over pipes" } }, secured.admin);
    await causes("call.finished root", "call.finished root", "call.finished root");
    const calls = [1, 2].map(() => ({ server: SERVER, tool: "test_simple_text" }));
    await modern("tools/call", { name: "hangar_call", arguments: { calls } }, secured.admin);
    await causes("call.finished root", "call.finished root", "batch.finished");
    await listenAndLeave();
    await causes("request.finished subscriptions/listen root");
  });

  test("over MCP of the legacy era is told, each method once, with its session", async () => {
    const session = await openLegacySession(secured.gateway.mcpUrl(), {}, bearer(secured.admin));
    await causes("session.opened root", "request.finished initialize root");
    await session.request("ping");
    for (const [method, params = {}, era = "legacy"] of METHODS) {
      if (era !== "legacy") continue;
      await session.request(method, params);
      await causes(`request.finished ${recordedAs(method)} root`);
    }
    await session.request("tools/call", { name: `${SERVER}__test_simple_text`, arguments: {} });
    await causes("call.finished root");
    await session.end();
    await causes("session.closed root");
    await session.request("tools/list");
    await causes("request.finished tools/list root");
  });

  test("that is no message of MCP is told, too", async () => {
    const headers = bearer(secured.admin);
    const url = secured.gateway.mcpUrl();
    await post(url, "{", { headers });
    await post(url, { jsonrpc: "2.0", id: 1, method: "tools/list" }, { headers });
    await modernRequest(url, "tools/list", {}, { headers: { ...headers, "mcp-method": "prompts/list" } });
    await causes(
      "request.finished _other root",
      "request.finished tools/list root",
      "request.finished tools/list root",
    );
  });
});

test("what callers with other rights, or none, do is told as theirs", async () => {
  const nobody = await secured.keyFor("nobody", "nothing");
  await causes("operation.finished createKey root");
  await modern("tools/list", {}, nobody);
  await causes("access.denied permission nobody");
  const agent = await tokenOfAgent();
  await modern("tools/call", { name: `${SERVER}__test_simple_text`, arguments: {} }, agent);
  await modern("tools/call", { name: `${SERVER}__test_image_content`, arguments: {} }, agent);
  await modern("tools/call", { name: "hangar_stop", arguments: { server: SERVER } }, agent);
  const [call = ""] = causedFacts(follower.events).slice(-1);
  expect(call).toMatch(/^call\.finished .*agent-7/);
  const id = call.slice("call.finished ".length);
  await causes(call, call, call);
  await modern("resources/read", { uri: RESOURCE }, agent);
  await modernRequest(secured.gateway.mcpUrl("hidden"), "tools/list", {}, { headers: bearer(agent) });
  await rest(secured.gateway, "GET", "/api/mcp_servers", { headers: bearer(agent) });
  await causes(
    `request.finished resources/read ${id}`,
    `access.denied not_reached ${id}`,
    `access.denied permission ${id}`,
  );
  for (const headers of [{}, bearer("mcph_000000000000_0000000000000000000000000000000000000000000000000")]) {
    await rest(secured.gateway, "GET", "/api/mcp_servers", { headers });
    await modernRequest(secured.gateway.mcpUrl(), "tools/list", {}, { headers });
    await causes("authentication.failed", "authentication.failed");
  }
  await rest(secured.gateway, "GET", "/api/system", {
    headers: { ...bearer(secured.admin), origin: "https://evil.example" },
  });
  await causes("access.denied origin");
});

test("all of it is exactly once in the log, the metrics and the history, as the table promises", async () => {
  await expectToldOnce(secured.gateway, follower, bearer(secured.admin));
  expect(causedFacts(follower.events).slice(0, expected.length)).toEqual(expected);
});

test("every operation is denied to a caller without rights, and each denial is told", async () => {
  const denied = await secured.keyFor("denied", "nothing");
  const routes = (await offered()).filter(({ isPublic }) => !isPublic);
  for (const route of routes) expect(await ask(route, bearer(denied))).toBe(403);
  const count = (): number =>
    causedFacts(follower.events).filter((fact) => fact === "access.denied permission denied").length;
  await poll("all denials", () => count() >= routes.length);
  expect(count()).toBe(routes.length);
  await expectToldOnce(secured.gateway, follower, bearer(secured.admin));
});

test("an anonymous caller, whom the rate limit stops, is told as such", async () => {
  await using gateway = await startGateway({
    ...QUIET,
    mcp_servers: { [SERVER]: { mode: "remote", endpoint: fixture.url } },
    history: { file: join(folder.path, "anonymous.db") },
    rate_limit: { enabled: true, requests_per_second: 0.001, burst: 2 },
  });
  await using own = await followFromStart(gateway.url);
  for (let round = 0; round < 2; round += 1) await modernRequest(gateway.mcpUrl(), "resources/read", { uri: RESOURCE });
  await modernRequest(gateway.mcpUrl(), "resources/read", { uri: RESOURCE });
  await modernRequest(gateway.mcpUrl(), "tools/call", { name: `${SERVER}__test_simple_text`, arguments: {} });
  await rest(gateway, "GET", "/api/history");
  await rest(gateway, "GET", "/api/system");
  const facts = [
    "operation.finished streamEvents anonymous",
    "request.finished resources/read anonymous",
    "request.finished resources/read anonymous",
    "request.finished resources/read anonymous",
    "call.finished anonymous",
    "operation.finished listCalls anonymous",
    "operation.finished showSystem anonymous",
  ];
  await awaitFacts(own, facts.length);
  expect(causedFacts(own.events)).toEqual(facts);
});

test("every type of event in the stream is in the table", () => {
  const types = new Set(follower.events.map(({ type }) => type));
  expect([...types].filter((type) => !factTable().has(type) && type !== "events.repeated")).toEqual([]);
  expect(types.size).toBeGreaterThan(10);
});

async function tokenOfAgent(): Promise<string> {
  const form = { grant_type: "client_credentials", client_id: CLIENT_ID, client_secret: CLIENT_SECRET };
  const body = new URLSearchParams({ ...form, resource: AUDIENCE, scope: "mcp" });
  const answer = await fetch(`${issuer.url}/token`, { method: "POST", body });
  return ((await answer.json()) as { readonly access_token: string }).access_token;
}
