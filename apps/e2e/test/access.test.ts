import { poll } from "@mcp-hangar/testing";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type HttpGateway, startGateway } from "../src/harness/gateway-process.ts";
import { rawConnection } from "../src/harness/raw-http.ts";
import { bearer, type SecuredGateway, startSecuredGateway } from "../src/harness/secured-gateway.ts";
import { EVERYTHING, MEMORY, nodeServer } from "../src/harness/upstreams.ts";
import { modernRequest, namesIn, post, type RpcAnswer } from "../src/harness/wire-client.ts";

let secured: SecuredGateway;
let gateway: HttpGateway;
let agent: string;
let memoryOnly: string;

beforeAll(async () => {
  secured = await startSecuredGateway({
    mcp_servers: { everything: nodeServer(EVERYTHING), memory: nodeServer(MEMORY) },
    auth: {
      roles: {
        memory: { permissions: ["tools:call", "servers:read"], tools: { allow: ["memory"] } },
        keymaster: { permissions: ["keys:read", "keys:write", "tools:call"] },
      },
      lockout: { max_failures: 5, first_lock_s: 30, max_lock_s: 60 },
    },
    // What stands in front of the gateway in these tests says who asks, so that each test can be somebody else.
    http: { trusted_proxies: ["127.0.0.1"] },
  });
  ({ gateway } = secured);
  agent = await secured.keyFor("agent", "agent");
  memoryOnly = await secured.keyFor("memory-agent", "memory");
});

afterAll(async () => {
  await secured?.[Symbol.asyncDispose]();
});

const from = (address: string): { readonly "x-forwarded-for": string } => ({ "x-forwarded-for": address });

function modern(
  token: string,
  method: string,
  params: Record<string, unknown> = {},
  server?: string,
): Promise<RpcAnswer> {
  return modernRequest(gateway.mcpUrl(server), method, params, { headers: bearer(token) });
}

async function statusOf(path: string, headers: Readonly<Record<string, string>>): Promise<number> {
  const response = await fetch(`${gateway.url}${path}`, { headers });
  await response.arrayBuffer();
  return response.status;
}

/** Opens a legacy session as somebody, and returns how requests are made in it by anybody. */
async function legacySession(
  token: string,
): Promise<(token: string, method: string, params?: object) => Promise<RpcAnswer>> {
  const params = { protocolVersion: "2025-11-25", capabilities: {}, clientInfo: { name: "e2e", version: "1" } };
  const message = { jsonrpc: "2.0", id: 0, method: "initialize", params };
  const opened = await post(gateway.mcpUrl(), message, { headers: bearer(token) });
  const id = opened.headers.get("mcp-session-id") ?? "";
  const headers = { "mcp-session-id": id, "mcp-protocol-version": "2025-11-25" };
  return (as, method, more = {}) =>
    post(gateway.mcpUrl(), { jsonrpc: "2.0", id: 1, method, params: more }, { headers: { ...headers, ...bearer(as) } });
}

describe("a legacy session", () => {
  test("of another caller is one that does not exist, also for ending it", async () => {
    const inSession = await legacySession(agent);
    expect((await inSession(agent, "ping")).message.result).toEqual({});
    const stolen = await inSession(memoryOnly, "ping");
    expect(stolen.status).toBe(404);
    expect(stolen.message.error?.message).toMatch(/unknown or has expired/);
    // Whoever could end it would have been able to above.
    expect((await inSession(secured.admin, "tools/list")).status).toBe(404);
    expect((await inSession(agent, "ping")).status).toBe(200);
  });
});

describe("a server that a role does not reach", () => {
  test("has no prompts, resources, templates, completions or subscriptions", async () => {
    expect(namesIn((await modern(agent, "prompts/list")).message, "prompts")).toContain("everything__simple-prompt");
    for (const list of ["prompts", "resources"] as const) {
      const names = namesIn((await modern(memoryOnly, `${list}/list`)).message, list);
      expect(names.filter((name) => !name.startsWith("memory__"))).toEqual([]);
    }
    const templates = await modern(memoryOnly, "resources/templates/list");
    expect(templates.message.result?.resourceTemplates).toEqual([]);
    const { result } = (await modern(agent, "resources/list")).message;
    const listed = result?.resources as readonly { readonly uri: string }[];
    const prefix = "hangar://everything/";
    const uri = listed.find((resource) => resource.uri.startsWith(prefix))?.uri.slice(prefix.length) ?? "";
    expect(uri).not.toBe("");
    const attempts: readonly (readonly [string, Record<string, unknown>])[] = [
      ["prompts/get", { name: "SERVER__simple-prompt" }],
      ["resources/read", { uri: `hangar://SERVER/${uri}` }],
      ["completion/complete", { ref: { type: "ref/prompt", name: "SERVER__x" }, argument: { name: "a", value: "" } }],
      [
        "completion/complete",
        { ref: { type: "ref/resource", uri: "hangar://SERVER/a" }, argument: { name: "a", value: "" } },
      ],
    ];
    for (const [method, params] of attempts) {
      const asked = (server: string): Promise<RpcAnswer> =>
        modern(
          memoryOnly,
          method,
          JSON.parse(JSON.stringify(params).replaceAll("SERVER", server)) as Record<string, unknown>,
        );
      const [hidden, absent] = [await asked("everything"), await asked("nowhere")];
      expect(hidden.message.error, method).toBeDefined();
      // Word for word, but for the name that was asked for.
      const said = (answer: RpcAnswer): string =>
        JSON.stringify({ ...answer.message.error, status: answer.status }).replaceAll("nowhere", "everything");
      expect(said(hidden)).toBe(said(absent));
    }
    // A server's own URI, which only that server lists.
    const bare = await modern(memoryOnly, "resources/read", { uri });
    expect(bare.message.error).toBeDefined();
    expect((await modern(agent, "resources/read", { uri })).message.result).toBeDefined();
    const inSession = await legacySession(memoryOnly);
    const subscribed = await inSession(memoryOnly, "resources/subscribe", { uri: `${prefix}${uri}` });
    expect(subscribed.message.error).toBeDefined();
  });

  test("is neither listed nor shown over REST, and has no tools there", async () => {
    const list = await fetch(`${gateway.url}/api/mcp_servers`, { headers: bearer(memoryOnly) });
    const { mcp_servers: servers } = (await list.json()) as {
      readonly mcp_servers: readonly { readonly id: string }[];
    };
    expect(servers.map(({ id }) => id)).toEqual(["memory"]);
    for (const path of ["", "/tools", "/metrics"]) {
      const shown = await fetch(`${gateway.url}/api/mcp_servers/everything${path}`, { headers: bearer(memoryOnly) });
      const absent = await fetch(`${gateway.url}/api/mcp_servers/nowhere${path}`, { headers: bearer(memoryOnly) });
      expect([shown.status, (await shown.text()).replaceAll("everything", "nowhere")]).toEqual([
        404,
        await absent.text(),
      ]);
    }
  });

  test("is named to operators: the record says access_denied where the caller hears of an unknown tool", async () => {
    const name = "mcp_hangar_tool_call_rejections_total";
    const before = await gateway.metrics(bearer(secured.admin));
    const answer = await modern(memoryOnly, "tools/call", { name: "everything__echo", arguments: {} });
    expect(answer.message.error?.message).toBe('unknown tool "everything__echo"');
    // What never was is counted alike, by its name and by its path.
    await modern(memoryOnly, "tools/call", { name: "nowhere__echo", arguments: {} });
    const nowhere = gateway.mcpUrl("nowhere");
    await modernRequest(nowhere, "tools/call", { name: "echo", arguments: {} }, { headers: bearer(memoryOnly) });
    const after = await gateway.metrics(bearer(secured.admin));
    const unknown = { mcp_server: "_other", reason: "unknown_tool" };
    expect(after.sum(name, unknown) - before.sum(name, unknown)).toBe(2);
    const labels = { mcp_server: "everything", reason: "access_denied" };
    expect(after.sum(name, labels) - before.sum(name, labels)).toBe(1);
    await poll("the record", () => gateway.process.stderr().includes('"access_denied"'));
  });
});

describe("a key", () => {
  test("is taken in either header, and not anywhere else", async () => {
    expect(await statusOf("/api/keys", bearer(secured.admin))).toBe(200);
    expect(await statusOf("/api/keys", { "x-api-key": secured.admin })).toBe(200);
    expect(await statusOf("/api/keys", { authorization: `bearer   ${secured.admin}` })).toBe(200);
    expect(await statusOf("/api/keys", { cookie: `api_key=${secured.admin}`, ...from("192.0.2.1") })).toBe(401);
    expect(await statusOf(`/api/keys?api_key=${secured.admin}&access_token=${secured.admin}`, from("192.0.2.1"))).toBe(
      401,
    );
    const both = { ...bearer(secured.admin), "x-api-key": secured.admin, ...from("192.0.2.1") };
    expect(await statusOf("/api/keys", both)).toBe(401);
  });

  test("that is revoked over REST is refused from then on, with what was begun with it", async () => {
    const token = await secured.keyFor("short-lived", "agent");
    const inSession = await legacySession(token);
    expect((await inSession(token, "tools/list")).status).toBe(200);
    const id = token.split("_")[1];
    const revoked = await fetch(`${gateway.url}/api/keys/${id}`, { method: "DELETE", headers: bearer(secured.admin) });
    expect(await revoked.json()).toMatchObject({ key: { status: "revoked", name: "short-lived" } });
    expect((await inSession(token, "tools/list")).status).toBe(401);
    const logged = (operation: string): unknown =>
      gateway.events("operation_finished").find((line) => line.operation === operation && line.target === id);
    const revocation = await poll("the records", () => logged("revokeKey"));
    expect(revocation).toMatchObject({ outcome: "done", before: '"short-lived" with agent', caller: "root" });
    expect(logged("createKey")).toMatchObject({ after: '"short-lived" with agent', caller: "root" });
    expect(gateway.process.stderr()).not.toContain(token);
  });

  test("that is made and revoked by the command line is known to the running gateway within seconds", async () => {
    const token = await secured.keys("create", "--name", "by-hand", "--role", "viewer", "--expires", "1h");
    await poll(
      "the key to be taken",
      async () => (await statusOf("/api/system", { ...bearer(token), ...from("192.0.2.2") })) === 200,
    );
    expect(await secured.keys("list")).toMatch(/by-hand +viewer +active/);
    await secured.keys("revoke", token.split("_")[1] ?? "");
    await poll(
      "the key to be refused",
      async () => (await statusOf("/api/system", { ...bearer(token), ...from("192.0.2.3") })) === 401,
    );
    expect(await secured.keys("list", "--json")).not.toContain(token);
  });

  test("can be given no more than its giver has", async () => {
    const keymaster = await secured.keyFor("keymaster", "keymaster");
    const give = async (role: string): Promise<number> => {
      const response = await fetch(`${gateway.url}/api/keys`, {
        method: "POST",
        headers: { ...bearer(keymaster), "content-type": "application/json" },
        body: JSON.stringify({ name: `from-keymaster-${role}`, roles: [role] }),
      });
      await response.arrayBuffer();
      return response.status;
    };
    expect([await give("admin"), await give("agent"), await give("keymaster"), await give("no_such_role")]).toEqual([
      403, 403, 200, 400,
    ]);
  });
});

describe("failed attempts", () => {
  const wrong = bearer("mcph_000000000000_not-a-key");

  test("lock an address out for a while, and no other, nor who is known already", async () => {
    const address = "198.51.100.7";
    const statuses: number[] = [];
    for (let attempt = 0; attempt < 7; attempt++)
      statuses.push(await statusOf("/api/system", { ...wrong, ...from(address) }));
    expect(statuses).toEqual([401, 401, 401, 401, 401, 429, 429]);
    const locked = await fetch(`${gateway.url}/mcp`, { method: "POST", headers: { ...wrong, ...from(address) } });
    expect(locked.status).toBe(429);
    expect(Number(locked.headers.get("retry-after"))).toBeGreaterThan(20);
    const fresh = await secured.keys("create", "--name", "fresh", "--role", "viewer");
    await poll(
      "the key to be taken elsewhere",
      async () => (await statusOf("/api/system", { ...bearer(fresh), ...from("198.51.100.8") })) === 200,
    );
    // Known by now, so there is nothing to guess: neighbours of a guesser go on working.
    expect(await statusOf("/api/system", { ...bearer(fresh), ...from(address) })).toBe(200);
    expect(await statusOf("/health/live", { ...wrong, ...from(address) })).toBe(200);
    const reasons = gateway.events("authentication_failed").filter((event) => event.remote_address === address);
    expect(new Set(reasons.map(({ reason }) => reason))).toEqual(new Set(["malformed_api_key", "locked_out"]));
  });

  test("cannot be blamed on others: what a client puts into the header does not count", async () => {
    for (let attempt = 0; attempt < 5; attempt++) {
      expect(
        await statusOf("/api/system", { ...wrong, "x-forwarded-for": `203.0.113.${attempt}, 198.51.100.20` }),
      ).toBe(401);
    }
    expect(await statusOf("/api/system", { ...wrong, "x-forwarded-for": "203.0.113.99, 198.51.100.20" })).toBe(429);
    expect(await statusOf("/api/system", { ...wrong, ...from("203.0.113.1") })).toBe(401);
    expect(await statusOf("/api/system", { ...wrong, forwarded: "for=203.0.113.50", ...from("198.51.100.20") })).toBe(
      429,
    );
  });

  test("of one IPv6 network count together", async () => {
    const statuses: number[] = [];
    for (let attempt = 0; attempt < 6; attempt++)
      statuses.push(await statusOf("/api/system", { ...wrong, ...from(`2001:db8:1:2::${attempt}`) }));
    expect(statuses).toEqual([401, 401, 401, 401, 401, 429]);
    expect(await statusOf("/api/system", { ...wrong, ...from("2001:db8:1:3::1") })).toBe(401);
  });

  test("say the same whatever was wrong, and nothing about keys that exist", async () => {
    const body = async (token: string): Promise<string> => {
      const response = await fetch(`${gateway.url}/api/system`, {
        headers: { ...bearer(token), ...from("198.51.100.30") },
      });
      return `${response.status} ${await response.text()} ${response.headers.get("www-authenticate")}`;
    };
    const revoked = await secured.keyFor("to-revoke", "agent");
    await fetch(`${gateway.url}/api/keys/${revoked.split("_")[1]}`, {
      method: "DELETE",
      headers: bearer(secured.admin),
    });
    const answers = [
      await body(revoked),
      await body("nonsense"),
      await body("mcph_000000000000_x"),
      await body("a.b.c"),
    ];
    expect(new Set(answers).size).toBe(1);
    expect(answers[0]).toMatch(/^401 /);
  });

  test("to call tools are counted as rejections of strangers, and asking for a way in is no failure", async () => {
    const name = "mcp_hangar_tool_call_rejections_total";
    const count = async (): Promise<number> =>
      (await gateway.metrics(bearer(secured.admin))).sum(name, { reason: "unauthenticated" });
    const before = await count();
    for (let attempt = 0; attempt < 20; attempt++) {
      const asked = await fetch(gateway.mcpUrl(), { method: "POST", headers: from("198.51.100.40") });
      expect(asked.status).toBe(401);
    }
    expect((await count()) - before).toBe(20);
  });

  test("beyond what one address may ask are each counted as denied, in metrics and in the log", async () => {
    const address = from("198.51.100.50");
    const counts = async (): Promise<readonly number[]> => {
      const page = await gateway.metrics(bearer(secured.admin));
      const reasons = ["no_credentials", "address_limited"];
      return reasons.map((reason) => page.sum("mcp_hangar_access_denials_total", { interface: "rest", reason }));
    };
    const [askedBefore = 0, deniedBefore = 0] = await counts();
    const statuses: number[] = [];
    // What an address may ask comes back with time, which a busy machine may take for so many requests.
    await poll("a request too many", async () => {
      statuses.push(...(await Promise.all(Array.from({ length: 700 }, () => statusOf("/api/system", address)))));
      return statuses.includes(429);
    });
    const limited = statuses.filter((status) => status === 429).length;
    expect(statuses.filter((status) => status !== 429 && status !== 401)).toEqual([]);
    const [asked = 0, denied = 0] = await counts();
    expect([asked - askedBefore, denied - deniedBefore]).toEqual([statuses.length - limited, limited]);
    const told = (): number => {
      const single = gateway.events("access_denied").filter(({ reason }) => reason === "address_limited");
      const more = gateway.events("events_repeated").filter(({ reason }) => reason === "address_limited");
      return single.length + more.reduce((sum, { count }) => sum + Number(count), 0);
    };
    await poll("the log to tell of all", () => told() === limited);
  });
});

test("an answer to a stranger does not read what the stranger sends", async () => {
  using connection = await rawConnection(gateway.url);
  const { host } = new URL(gateway.url);
  connection.write(
    `POST /mcp HTTP/1.1\r\nhost: ${host}\r\ncontent-type: application/json\r\ncontent-length: 4000000\r\n\r\n{`,
  );
  expect((await connection.response()).status).toBe(401);
});

test.each([
  ["authorization: Bearer", 401],
  ["authorization: Bearer a b", 401],
  ["authorization: Basic cm9vdDpyb290", 401],
  ["authorization: Negotiate abc", 401],
  ["authorization: ", 401],
  [`authorization: Bearer ${"x".repeat(15_000)}`, 401],
  [`authorization: Bearer ${"x".repeat(40_000)}`, 431],
  ["x-api-key: ", 401],
  ["x-api-key: a\r\nx-api-key: b", 401],
  ["authorization: Bearer \u00e9\u00ff", 401],
  ["x-forwarded-for: \r\nauthorization: Bearer x", 401],
  ["x-original-url: /health/live", 401],
  ["x-http-method-override: OPTIONS", 401],
  ["x-remote-user: root\r\nx-forwarded-user: root", 401],
])("the head %j lets nobody in", async (head, status) => {
  using connection = await rawConnection(gateway.url);
  const { host } = new URL(gateway.url);
  const forwarded = head.includes("x-forwarded-for") ? "" : `x-forwarded-for: 192.0.2.${100 + (head.length % 100)}\r\n`;
  connection.write(`GET /api/system HTTP/1.1\r\nhost: ${host}\r\n${forwarded}${head}\r\nconnection: close\r\n\r\n`);
  expect((await connection.response()).status).toBe(status);
});

describe("a bind beyond loopback", () => {
  test("is allowed with authentication, with a word about clear text", async () => {
    await using open = await startSecuredGateway({ mcp_servers: {}, http: { host: "0.0.0.0" } });
    expect(open.gateway.events("clear_text_bind")).toHaveLength(1);
    expect((await fetch(`${open.gateway.url}/api/system`)).status).toBe(401);
    expect((await fetch(`${open.gateway.url}/health/live`)).status).toBe(200);
  });

  test("of the metrics asks for their permission, on loopback it is open", async () => {
    const metrics = { observability: { metrics: { port: 0 } } };
    await using local = await startSecuredGateway({ mcp_servers: {}, ...metrics });
    const url = String(local.gateway.events("metrics_listening")[0]?.url);
    expect((await fetch(url)).status).toBe(200);
    await using open = await startSecuredGateway({
      mcp_servers: {},
      observability: { metrics: { port: 0, host: "0.0.0.0" } },
    });
    const outside = String(open.gateway.events("metrics_listening")[0]?.url);
    expect((await fetch(outside)).status).toBe(401);
    expect((await fetch(outside, { headers: bearer(open.admin) })).status).toBe(200);
  });

  test("of the metrics is refused without authentication", async () => {
    const started = startGateway({ mcp_servers: {}, observability: { metrics: { port: 0, host: "0.0.0.0" } } });
    await expect(started).rejects.toThrow(/refusing to listen on 0\.0\.0\.0/);
  });
});
