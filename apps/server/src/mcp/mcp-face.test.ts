import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { PassThrough } from "node:stream";
import { circuitBreakerOptions, executionOptions, Gateway, nodePlatform, subprocessOptions } from "@mcp-hangar/core";
import { FakeTransport, resultReply } from "@mcp-hangar/core/testing";
import { TelemetryBus } from "@mcp-hangar/telemetry";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createMcpFace, type McpFace } from "./index.ts";

const VERSION = "2026-07-28";
const ENVELOPE = {
  "io.modelcontextprotocol/protocolVersion": VERSION,
  "io.modelcontextprotocol/clientInfo": { name: "test", version: "1" },
  "io.modelcontextprotocol/clientCapabilities": {},
};

let gateway: Gateway;
let transports: Map<string, FakeTransport>;
let face: McpFace;
let server: Server;
let url: string;

beforeEach(async () => {
  transports = new Map();
  const options = subprocessOptions.parse({ mode: "subprocess", command: "fake" });
  gateway = new Gateway({
    servers: { math: options, text: options },
    execution: executionOptions.parse({}),
    circuitBreaker: circuitBreakerOptions.parse({}),
    bus: new TelemetryBus(),
    platform: nodePlatform,
    info: { name: "mcp-hangar", version: "0" },
    transports: (id) => {
      const transport = new FakeTransport(nodePlatform.clock);
      transports.set(id, transport);
      return transport;
    },
  });
  face = createMcpFace({
    gateway,
    scope: { kind: "all" },
    info: { name: "mcp-hangar", version: "0" },
    platform: nodePlatform,
  });
  server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => face.handleHttp(request, response, Buffer.concat(chunks)));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/mcp`;
});

afterEach(async () => {
  await face.close();
  await gateway.close();
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

interface Reply {
  readonly status: number;
  readonly headers: Headers;
  readonly body: {
    readonly id?: unknown;
    readonly result?: Record<string, unknown>;
    readonly error?: { readonly code: number; readonly data?: unknown };
  };
}

async function post(message: unknown, headers: Record<string, string> = {}): Promise<Reply> {
  const response = await fetch(url, {
    method: "POST",
    headers: { "content-type": "application/json", accept: "application/json, text/event-stream", ...headers },
    body: typeof message === "string" ? message : JSON.stringify(message),
  });
  const text = await response.text();
  return { status: response.status, headers: response.headers, body: text === "" ? {} : JSON.parse(text) };
}

function modern(method: string, params: Record<string, unknown> = {}, headers: Record<string, string> = {}) {
  const name = params.name ?? params.uri;
  return post(
    { jsonrpc: "2.0", id: 1, method, params: { ...params, _meta: ENVELOPE } },
    {
      "mcp-protocol-version": VERSION,
      "mcp-method": method,
      ...(typeof name === "string" ? { "mcp-name": name } : {}),
      ...headers,
    },
  );
}

async function openSession(protocolVersion = "2025-11-25"): Promise<Record<string, string>> {
  const params = { protocolVersion, capabilities: {}, clientInfo: { name: "t", version: "1" } };
  const reply = await post({ jsonrpc: "2.0", id: 0, method: "initialize", params });
  expect(reply.body.result?.protocolVersion).toBe(protocolVersion);
  return { "mcp-session-id": reply.headers.get("mcp-session-id") ?? "", "mcp-protocol-version": protocolVersion };
}

describe("a legacy client over HTTP", () => {
  it("gets its own id back with its type, and the tools of all servers under prefixed names", async () => {
    const session = await openSession();
    const list = await post({ jsonrpc: "2.0", id: "1", method: "tools/list" }, session);
    expect(list.body.id).toBe("1");
    expect(list.body.result?.tools).toMatchObject([{ name: "math__echo" }, { name: "text__echo" }]);
    const call = await post({ jsonrpc: "2.0", id: 1, method: "tools/call", params: { name: "math__echo" } }, session);
    expect(call.body).toEqual({ jsonrpc: "2.0", id: 1, result: { content: [{ type: "text", text: "ok" }] } });
  });

  it.each([
    { name: "without a session", headers: {}, status: 400 },
    { name: "with an unknown session", headers: { "mcp-session-id": "nope" }, status: 404 },
    {
      name: "with an unknown revision",
      headers: { "mcp-session-id": "x", "mcp-protocol-version": "1999-01-01" },
      status: 400,
    },
    { name: "with another content type", headers: { "content-type": "text/plain" }, status: 415 },
    { name: "that accepts only HTML", headers: { accept: "text/html" }, status: 406 },
  ])("is refused $name", async ({ headers, status }) => {
    const reply = await post({ jsonrpc: "2.0", id: 5, method: "tools/list" }, headers);
    expect(reply.status).toBe(status);
    expect(reply.body.error?.code).toBeLessThan(0);
  });

  it.each(["sampling", "elicitation"])(
    "gets no session for more %s than the gateway wants to remember",
    async (name) => {
      const capabilities = { [name]: { own: Array.from({ length: 200 }, () => []) } };
      const params = { protocolVersion: "2025-11-25", capabilities };
      const reply = await post({ jsonrpc: "2.0", id: 0, method: "initialize", params });
      expect(reply.body.error?.code).toBe(-32602);
      expect(reply.headers.get("mcp-session-id")).toBeNull();
    },
  );

  it.each(["2025-11-25", "2025-06-18", "2025-03-26", "2024-11-05"])(
    "gets the revision %s that it asks for",
    async (wanted) => {
      const session = await openSession(wanted);
      const list = await post({ jsonrpc: "2.0", id: 1, method: "tools/list" }, session);
      expect(list.status).toBe(200);
    },
  );

  it("is told on its newest stream, and the one before ends", async () => {
    const session = await openSession();
    await post({ jsonrpc: "2.0", id: 1, method: "tools/list" }, session);
    const headers = { ...session, accept: "text/event-stream" };
    const first = await fetch(url, { headers });
    const second = await fetch(url, { headers });
    expect([first.status, second.status]).toEqual([200, 200]);
    expect(await first.text()).toBe("");
    const math = transports.get("math");
    if (math === undefined) throw new Error("no transport");
    math.behaviour.reply = () => resultReply({ tools: [{ name: "new" }] });
    math.lastSession?.emitNotification({ method: "notifications/tools/list_changed", params: {} });
    const { value } = (await second.body?.getReader().read()) ?? {};
    expect(Buffer.from(value ?? []).toString()).toContain("list_changed");
  });

  it("gets no task that it could not fetch, whatever it asks for", async () => {
    const session = await openSession();
    await post({ jsonrpc: "2.0", id: 1, method: "tools/list" }, session);
    const params = { name: "math__echo", arguments: {}, task: { ttl: 60_000 } };
    const call = await post({ jsonrpc: "2.0", id: 2, method: "tools/call", params }, session);
    expect(call.body.result).toEqual({ content: [{ type: "text", text: "ok" }] });
    const sent = transports.get("math")?.lastSession?.requests.filter(({ method }) => method === "tools/call");
    expect(sent?.map(({ params: { task } }) => task)).toEqual([undefined]);
  });

  it("can end its session, after which it is unknown", async () => {
    const session = await openSession();
    expect((await fetch(url, { method: "DELETE", headers: session })).status).toBe(200);
    expect((await post({ jsonrpc: "2.0", id: 1, method: "ping" }, session)).status).toBe(404);
  });

  it("cancels by notification, which frees the call upstream", async () => {
    const session = await openSession();
    await post({ jsonrpc: "2.0", id: 1, method: "tools/list" }, session);
    const math = transports.get("math");
    if (math === undefined) throw new Error("no transport");
    const reply = math.behaviour.reply;
    math.behaviour.reply = (request) => (request.method === "tools/call" ? "hang" : reply(request));
    const call = post({ jsonrpc: "2.0", id: "c", method: "tools/call", params: { name: "math__echo" } }, session);
    await expect.poll(() => math.lastSession?.inFlight).toBe(1);
    await post({ jsonrpc: "2.0", method: "notifications/cancelled", params: { requestId: "c" } }, session);
    expect((await call).body.error?.data).toMatchObject({ error_type: "cancelled" });
    expect(math.lastSession?.inFlight).toBe(0);
  });

  it("hears on its stream, once, of list changes that came before it had one", async () => {
    const session = await openSession();
    await post({ jsonrpc: "2.0", id: 1, method: "tools/list" }, session);
    const math = transports.get("math");
    if (math === undefined) throw new Error("no transport");
    const rename = async (name: string): Promise<void> => {
      math.behaviour.reply = () => resultReply({ tools: [{ name }] });
      math.lastSession?.emitNotification({ method: "notifications/tools/list_changed", params: {} });
      await expect.poll(() => gateway.fleet.get("math")?.catalog.toolNames()).toEqual([name]);
    };
    await rename("new");
    await rename("newer");
    const abort = new AbortController();
    const stream = await fetch(url, { headers: { ...session, accept: "text/event-stream" }, signal: abort.signal });
    if (stream.body === null) throw new Error("no stream");
    const { value } = await stream.body.getReader().read();
    expect(
      Buffer.from(value ?? [])
        .toString()
        .match(/tools\/list_changed/g),
    ).toHaveLength(1);
    abort.abort();
  });

  it("hears of list changes on its stream, once it has seen the list", async () => {
    const session = await openSession();
    await post({ jsonrpc: "2.0", id: 1, method: "tools/list" }, session);
    const abort = new AbortController();
    const stream = await fetch(url, { headers: { ...session, accept: "text/event-stream" }, signal: abort.signal });
    const math = transports.get("math");
    if (math === undefined || stream.body === null) throw new Error("no stream");
    math.behaviour.reply = () => resultReply({ tools: [{ name: "echo" }, { name: "new" }] });
    math.lastSession?.emitNotification({ method: "notifications/tools/list_changed", params: {} });
    const { value } = await stream.body.getReader().read();
    expect(Buffer.from(value ?? []).toString()).toContain('"method":"notifications/tools/list_changed"');
    const list = await post({ jsonrpc: "2.0", id: 2, method: "tools/list" }, session);
    expect(list.body.result?.tools).toMatchObject([
      { name: "math__echo" },
      { name: "math__new" },
      { name: "text__echo" },
    ]);
    abort.abort();
  });
});

describe("a modern client over HTTP", () => {
  it("needs no session, and every result says what it is", async () => {
    const call = await modern("tools/call", { name: "math__echo" });
    expect(call.body.result).toEqual({ resultType: "complete", content: [{ type: "text", text: "ok" }] });
    const list = await modern("tools/list");
    expect(list.body.result).toMatchObject({ resultType: "complete", ttlMs: 0, cacheScope: "private" });
    const discover = await modern("server/discover");
    expect(discover.body.result).toMatchObject({
      supportedVersions: [VERSION],
      capabilities: { tools: { listChanged: true } },
    });
  });

  it.each([
    {
      name: "header and body name different methods",
      headers: { "mcp-method": "tools/list" },
      status: 400,
      code: -32020,
    },
    { name: "header and body name different tools", headers: { "mcp-name": "text__echo" }, status: 400, code: -32020 },
    { name: "the header is malformed base64", headers: { "mcp-name": "=?base64?###?=" }, status: 400, code: -32020 },
    {
      name: "header and body name different revisions",
      headers: { "mcp-protocol-version": "2025-11-25" },
      status: 400,
      code: -32020,
    },
  ])("is refused when $name", async ({ headers, status, code }) => {
    const reply = await modern("tools/call", { name: "math__echo" }, headers);
    expect({ status: reply.status, code: reply.body.error?.code }).toEqual({ status, code });
  });

  it("accepts a name that comes encoded", async () => {
    const encoded = `=?base64?${Buffer.from("math__echo").toString("base64")}?=`;
    expect((await modern("tools/call", { name: "math__echo" }, { "mcp-name": encoded })).status).toBe(200);
  });

  it("is told which revisions are supported", async () => {
    const params = { _meta: { ...ENVELOPE, "io.modelcontextprotocol/protocolVersion": "2030-01-01" } };
    const headers = { "mcp-protocol-version": "2030-01-01", "mcp-method": "tools/list" };
    const reply = await post({ jsonrpc: "2.0", id: 1, method: "tools/list", params }, headers);
    expect(reply.status).toBe(400);
    expect(reply.body.error).toMatchObject({ code: -32022, data: { supported: [VERSION], requested: "2030-01-01" } });
  });

  it("gets 404 for a method that does not exist, and 405 for the methods of sessions", async () => {
    expect(await modern("tools/destroy")).toMatchObject({ status: 404, body: { error: { code: -32601 } } });
    expect((await fetch(url, { headers: { "mcp-protocol-version": VERSION } })).status).toBe(405);
  });

  it("cancels by closing the response", async () => {
    await modern("tools/list");
    const math = transports.get("math");
    if (math === undefined) throw new Error("no transport");
    math.behaviour.reply = () => "hang";
    const abort = new AbortController();
    const params = { name: "math__echo", _meta: ENVELOPE };
    const call = fetch(url, {
      method: "POST",
      headers: {
        "content-type": "application/json",
        "mcp-protocol-version": VERSION,
        "mcp-method": "tools/call",
        "mcp-name": "math__echo",
      },
      body: JSON.stringify({ jsonrpc: "2.0", id: 1, method: "tools/call", params }),
      signal: abort.signal,
    });
    await expect.poll(() => math.lastSession?.inFlight).toBe(1);
    abort.abort();
    await expect(call).rejects.toThrow();
    await expect.poll(() => math.lastSession?.inFlight).toBe(0);
  });

  it("refuses cursors that the gateway did not hand out, whatever they are", async () => {
    for (const cursor of [null, "undefined", "null", 5, ["from-0"], { toString: 1, valueOf: 1 }, "from-999999999"]) {
      const { body } = await modern("tools/list", { cursor });
      expect([cursor, body]).toMatchObject([cursor, { error: { code: -32602 } }]);
    }
  });

  it("listens to what the filter names, and the stream ends with a result when the gateway closes", async () => {
    await modern("tools/list");
    const response = await fetch(url, {
      method: "POST",
      headers: {
        "content-type": "application/json",
        "mcp-protocol-version": VERSION,
        "mcp-method": "subscriptions/listen",
      },
      body: JSON.stringify({
        jsonrpc: "2.0",
        id: "sub",
        method: "subscriptions/listen",
        params: { notifications: { toolsListChanged: true, promptsListChanged: false }, _meta: ENVELOPE },
      }),
    });
    const math = transports.get("math");
    if (math === undefined || response.body === null) throw new Error("no stream");
    math.behaviour.reply = () => resultReply({ tools: [] });
    math.lastSession?.emitNotification({ method: "notifications/tools/list_changed", params: {} });
    const messages: unknown[] = [];
    const decoder = new TextDecoder();
    for await (const chunk of response.body) {
      for (const line of decoder.decode(chunk).split("\n"))
        if (line.startsWith("data: ")) messages.push(JSON.parse(line.slice(6)));
      if (messages.length === 2) await face.close();
    }
    const _meta = { "io.modelcontextprotocol/subscriptionId": "sub" };
    expect(messages).toMatchObject([
      {
        method: "notifications/subscriptions/acknowledged",
        params: { notifications: { toolsListChanged: true }, _meta },
      },
      { method: "notifications/tools/list_changed", params: { _meta } },
      { id: "sub", result: { resultType: "complete", _meta } },
    ]);
  });
});

describe("anything else over HTTP", () => {
  it.each([
    { name: "no JSON", body: "{", code: -32700 },
    { name: "a batch", body: "[]", code: -32600 },
    { name: "no JSON-RPC", body: '{"id":1,"method":"ping"}', code: -32600 },
    { name: "an id that is an object", body: '{"jsonrpc":"2.0","id":{},"method":"ping"}', code: -32600 },
    { name: "params that are a list", body: '{"jsonrpc":"2.0","id":1,"method":"ping","params":[]}', code: -32600 },
    {
      name: "nesting without end",
      body: `{"jsonrpc":"2.0","id":1,"method":"x","params":{"a":${"[".repeat(50_000)}${"]".repeat(50_000)}}}`,
      code: -32600,
    },
  ])("refuses $name", async ({ body, code }) => {
    expect(await post(body)).toMatchObject({ status: 400, body: { error: { code } } });
  });

  it("keeps names of prototypes what they are: names", async () => {
    for (const name of ["__proto__", "constructor__toString", "math____proto__"]) {
      expect(await modern("tools/call", { name })).toMatchObject({ status: 200, body: { error: { code: -32602 } } });
    }
    expect(await modern("constructor")).toMatchObject({ status: 404 });
  });
});

describe("a client over stdio", () => {
  it("speaks either era on the same pipe, and gets an answer to each line before the gateway leaves", async () => {
    const input = new PassThrough();
    const output = new PassThrough();
    const served = face.serveStdio(input, output);
    const send = (message: unknown) => input.write(`${JSON.stringify(message)}\n`);
    send({ jsonrpc: "2.0", id: 0, method: "initialize", params: { protocolVersion: "2025-06-18", capabilities: {} } });
    send({ jsonrpc: "2.0", id: 1, method: "tools/call", params: { name: "text__echo" } });
    send({ jsonrpc: "2.0", id: 2, method: "tools/call", params: { name: "text__echo", _meta: ENVELOPE } });
    input.write("nonsense\n\n");
    input.end();
    await served;
    output.end();
    const lines = Buffer.concat(await output.toArray())
      .toString()
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));
    const byId = new Map(lines.map((line: { id: unknown }) => [line.id, line]));
    expect(byId.get(0)).toMatchObject({ result: { protocolVersion: "2025-06-18" } });
    expect(byId.get(1)).toEqual({ jsonrpc: "2.0", id: 1, result: { content: [{ type: "text", text: "ok" }] } });
    expect(byId.get(2)).toMatchObject({ result: { resultType: "complete" } });
    expect(byId.get(null)).toMatchObject({ error: { code: -32700 } });
  });
});
