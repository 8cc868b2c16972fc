import { once } from "node:events";
import { type ClientRequest, createServer, type IncomingMessage, request } from "node:http";
import { type AddressInfo, connect } from "node:net";
import { nodePlatform } from "@mcp-hangar/core";
import { afterEach, describe, expect, it } from "vitest";
import { OPEN_ACCESS } from "../access/access.ts";
import { HttpListener, type ListenerOptions } from "./listener.ts";
import { type AggregateFace, type HttpFace, McpEndpoint } from "./mcp-endpoint.ts";
import { requestGuard } from "./request-guard.ts";
import type { Route } from "./route.ts";
import { Router } from "./router.ts";
import { Traffic } from "./traffic.ts";

const OPTIONS: ListenerOptions = {
  host: "127.0.0.1",
  port: 0,
  headerBytesMax: 4_096,
  clock: nodePlatform.clock,
  limits: () => ({ connections: { total: 100, perAddress: 100, reserved: 64 }, writeTimeoutMs: 5_000 }),
  isProxy: () => false,
  onShed: () => {},
  headersTimeoutMs: 300,
  requestTimeoutMs: 500,
  keepAliveTimeoutMs: 5_000,
};

const open: HttpListener[] = [];
afterEach(() => {
  for (const listener of open.splice(0)) listener.close();
});

/** What reached the face, as text. */
interface Served {
  readonly url: string;
  readonly port: number;
  readonly bodies: string[];
  readonly errors: unknown[];
  /** What the face was told to record, and was not asked for. */
  readonly told: string[];
  readonly mcp: McpEndpoint;
}

const answerBody: HttpFace["handleHttp"] = (_request, response, body) => {
  response.end(`${body.length}`);
};

async function serve(options: Partial<ListenerOptions> = {}, handleHttp = answerBody): Promise<Served> {
  const [bodies, errors, told]: [string[], unknown[], string[]] = [[], [], []];
  const face: AggregateFace = {
    handleHttp(incoming, response, body, caller) {
      bodies.push(body.toString());
      handleHttp(incoming, response, body, caller);
    },
    handleSse() {
      throw new Error("HTTP+SSE is not served");
    },
    tellRefused(_incoming, caller, { failure }) {
      told.push(`${failure} ${caller.id}`);
    },
    tellUnknownServer(_incoming, caller, { server }) {
      told.push(`unknown server ${server} ${caller.id}`);
    },
  };
  const text = (path: string, handle: (name: string) => string): Route => ({
    method: "GET",
    path,
    permission: "public",
    handle: ({ params }) => ({ status: 200, contentType: "text/plain", body: handle(params.name ?? "") }),
  });
  const traffic = new Traffic();
  const mcp = new McpEndpoint({
    access: OPEN_ACCESS,
    aggregate: face,
    management: face,
    mayManage: () => true,
    ofServer: (id) => (id === "math" ? face : undefined),
    bodyBytesMax: 1_000,
    traffic,
  });
  const router = new Router({
    guard: requestGuard({ boundTo: "127.0.0.1", allowedHosts: [], allowedOrigins: [], nowMs: () => 0 }),
    access: OPEN_ACCESS,
    bodyBytesMax: 1_000,
    traffic,
    mcp,
    routes: [
      text("/health/live", () => "alive"),
      text("/api/things/{name}", (name) => `thing ${name}`),
      text("/broken", () => {
        throw new Error("a secret of the gateway");
      }),
    ],
    onError: (error) => errors.push(error),
  });
  const listener = new HttpListener({ ...OPTIONS, ...options }, { handle: router.handle, whenFull: router.handle });
  open.push(listener);
  const { url, port } = await listener.listen();
  return { url, port, bodies, errors, told, mcp };
}

const json = { "content-type": "application/json" };

/** Writes bytes and resolves with everything that came back until the connection ended. */
function raw(port: number, bytes: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let received = "";
    const socket = connect(port, "127.0.0.1", () => socket.write(bytes));
    socket.setEncoding("utf8").on("data", (text: string) => {
      received += text;
    });
    socket.once("close", () => resolve(received)).once("error", reject);
  });
}

describe("routes", () => {
  it.each([
    ["GET", "/health/live", 200],
    ["GET", "/health/live?verbose=1", 200],
    ["HEAD", "/health/live", 200],
    ["OPTIONS", "/health/live", 204],
    ["POST", "/health/live", 405],
    ["GET", "/api/things/one", 200],
    ["GET", "/api/things", 404],
    ["GET", "/", 404],
    ["GET", "/health/live/", 200],
    ["GET", "/__proto__", 404],
    ["GET", "/constructor", 404],
    ["GET", "/broken", 500],
    ["GET", "/mcp", 200],
    ["DELETE", "/mcp", 200],
    ["OPTIONS", "/mcp", 204],
    ["HEAD", "/mcp", 200],
    ["PUT", "/mcp", 405],
    ["GET", "/servers/math/mcp", 200],
    ["GET", "/servers/none/mcp", 404],
    ["GET", "/servers/math/mcp/x", 404],
    ["GET", "/servers/math%2fmcp", 404],
  ])("%s %s → %d", async (method, path, status) => {
    const { url } = await serve();
    const response = await fetch(url + path, { method });
    expect(response.status).toBe(status);
    const text = await response.text();
    if (method === "HEAD") expect(text).toBe("");
    if (status === 405) expect(response.headers.get("allow")).toContain("GET");
    if (status >= 400 && method !== "HEAD") expect(JSON.parse(text)).toHaveProperty("error.message");
    expect(response.headers.get("access-control-allow-origin")).toBeNull();
  });

  it("a route that throws tells the log, not the client", async () => {
    const { url, errors } = await serve();
    expect(await (await fetch(`${url}/broken`)).text()).not.toContain("secret");
    expect(errors).toMatchObject([{ message: "a secret of the gateway" }]);
  });

  it("a foreign Host or Origin gets 403 everywhere", async () => {
    const { url, port, bodies } = await serve();
    for (const path of ["/mcp", "/servers/math/mcp", "/health/live", "/nothing"]) {
      expect((await fetch(url + path, { headers: { origin: "https://evil.example" } })).status).toBe(403);
      expect(await raw(port, `GET ${path} HTTP/1.1\r\nhost: evil.example\r\nconnection: close\r\n\r\n`)).toMatch(
        /^HTTP\/1\.1 403 /,
      );
    }
    expect(bodies).toEqual([]);
  });
});

describe("what an endpoint of MCP refuses before it is asked", () => {
  it.each([
    ["PUT", "/mcp", "", "invalid_request"],
    ["POST", "/mcp", "content-type: text/plain\r\ncontent-length: 2\r\n\r\n{}", "invalid_request"],
    ["POST", "/mcp", "content-type: application/json\r\ncontent-length: 9999\r\n", "invalid_request"],
    ["POST", "/servers/none/mcp", "content-length: 0\r\n", "unknown server none"],
    [
      "POST",
      "/servers/none/mcp",
      "content-type: application/json\r\ncontent-length: 2\r\n\r\n{}",
      "unknown server none",
    ],
    ["POST", "/servers/none/mcp", "content-type: application/json\r\ncontent-length: 9999\r\n", "invalid_request"],
    ["GET", "/servers/math/mcp/more", "", "unknown server "],
  ])("is told once: %s %s with %j", async (method, path, rest, failure) => {
    const { port, bodies, told } = await serve();
    await raw(port, `${method} ${path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n${rest}\r\n`);
    expect([bodies, told]).toEqual([[], [`${failure} anonymous`]]);
  });

  /** A request whose body the endpoint waits for. */
  async function withoutBody(url: string): Promise<ClientRequest> {
    const headers = { ...json, "content-length": 10, expect: "100-continue" };
    const outgoing = request(`${url}/mcp`, { method: "POST", headers });
    outgoing.on("error", () => {}).flushHeaders();
    await once(outgoing, "continue");
    return outgoing;
  }

  it("is told once when the client leaves before its body has come", async () => {
    const { url, bodies, told } = await serve();
    (await withoutBody(url)).destroy();
    await expect.poll(() => told).toEqual(["cancelled anonymous"]);
    expect(bodies).toEqual([]);
  });

  it("is told once when the gateway ends before its body has come", async () => {
    const { url, bodies, told, mcp } = await serve();
    const outgoing = await withoutBody(url);
    const answered = once(outgoing, "response");
    mcp.open.interrupt();
    const [response] = (await answered) as [IncomingMessage];
    expect(response.statusCode).toBe(503);
    outgoing.destroy();
    // One that leaves later is told of behind it.
    (await withoutBody(url)).destroy();
    await expect.poll(() => told).toContain("cancelled anonymous");
    expect([bodies, told]).toEqual([[], ["connection anonymous", "cancelled anonymous"]]);
  });
});

describe("bodies", () => {
  it("up to the limit reach the face whole, however they are cut", async () => {
    const { url, bodies } = await serve();
    const body = "ü".repeat(500);
    await fetch(`${url}/mcp`, { method: "POST", headers: json, body });
    await new Promise<void>((resolve, reject) => {
      const outgoing = request(`${url}/mcp`, { method: "POST", headers: json }, (response) =>
        response.resume().once("end", resolve),
      );
      outgoing.once("error", reject);
      for (const byte of Buffer.from(body)) outgoing.write(Buffer.from([byte]));
      outgoing.end();
    });
    expect(bodies).toEqual([body, body]);
  });

  it.each([
    ["announced", { headers: json }],
    ["in chunks", { headers: json, duplex: "half" as const }],
  ])("beyond the limit, %s, get 413 and are not handed on", async (how, init) => {
    const { url, bodies } = await serve();
    const body = how === "announced" ? "x".repeat(1_001) : new Blob(["x".repeat(5_000)]).stream();
    const response = await fetch(`${url}/mcp`, { method: "POST", body, ...init });
    expect(response.status).toBe(413);
    expect(await response.json()).toMatchObject({ jsonrpc: "2.0", id: null, error: { code: -32_600 } });
    expect(bodies).toEqual([]);
  });

  it.each([
    ["text/plain", {}],
    ["", {}],
    ["application/jsonx", {}],
    ["multipart/form-data; boundary=x", {}],
    ["application/json", { "content-encoding": "gzip" }],
  ])("of the type %j %j get 415", async (type, headers) => {
    const { url } = await serve();
    const init = {
      method: "POST",
      headers: { ...(type && { "content-type": type }), ...headers },
      body: Buffer.from("{}"),
    };
    expect((await fetch(`${url}/mcp`, init)).status).toBe(415);
  });

  it("that are asked about first are wanted or refused before they are sent", async () => {
    const { port } = await serve();
    const head = (length: number): string =>
      `POST /mcp HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\nexpect: 100-continue\r\nconnection: close\r\ncontent-length: ${length}\r\n\r\n`;
    expect(await raw(port, `${head(2)}{}`)).toMatch(/^HTTP\/1\.1 100 Continue\r\n\r\nHTTP\/1\.1 200 /);
    expect(await raw(port, head(2_000))).toMatch(/^HTTP\/1\.1 413 /);
  });
});

describe("what a client may spend", () => {
  it("a head beyond the limit gets 431", async () => {
    const { port } = await serve();
    expect(await raw(port, `GET / HTTP/1.1\r\nhost: localhost\r\nx: ${"y".repeat(8_000)}\r\n\r\n`)).toMatch(
      /^HTTP\/1\.1 431 [\s\S]*headers_too_large/,
    );
  });

  it("a head or a body that does not come is given up with 408", async () => {
    const { port } = await serve();
    const slow = [
      "GET / HTTP/1.1\r\nhost: loc",
      "POST /mcp HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: 10\r\n\r\n{",
    ];
    for (const answer of await Promise.all(slow.map((bytes) => raw(port, bytes))))
      expect(answer).toMatch(/^HTTP\/1\.1 408 /);
  });

  it("what is not HTTP gets 400", async () => {
    const { port } = await serve();
    expect(await raw(port, "\x16\x03\x01 nonsense\r\n\r\n")).toMatch(/^HTTP\/1\.1 400 [\s\S]*bad_request/);
  });

  it("an answer under way is not mixed with an error about the next request", async () => {
    const { port } = await serve({}, (_request, response) => response.write("begun"));
    const answer = await raw(port, "GET /mcp HTTP/1.1\r\nhost: localhost\r\n\r\nNONSENSE\r\n\r\n");
    expect(answer).not.toMatch(/400/);
  });
});

describe("listening", () => {
  it("tells the port that was free, and works over IPv6 loopback", async () => {
    const { url } = await serve({ host: "::1" });
    expect(url).toMatch(/^http:\/\/\[::1\]:\d+$/);
    expect((await fetch(`${url}/health/live`)).status).toBe(200);
  });

  it("on a port that is taken says so and what to do", async () => {
    const other = createServer().listen(0, "127.0.0.1");
    await new Promise((resolve) => other.once("listening", resolve));
    const { port } = other.address() as AddressInfo;
    try {
      await expect(serve({ port })).rejects.toThrow(new RegExp(`127\\.0\\.0\\.1:${port}: the port is taken; .*--port`));
    } finally {
      other.close();
    }
  });

  it("on an address of another machine says so", async () => {
    await expect(serve({ host: "192.0.2.1" })).rejects.toThrow(/no such address/);
  });
});

it("a client that leaves in the middle of its body is forgotten, and the face hears nothing of it", async () => {
  const { url, port, bodies } = await serve();
  const socket = connect(port, "127.0.0.1");
  await new Promise((resolve) => socket.once("connect", resolve));
  socket.write(
    "POST /mcp HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: 10\r\n\r\n{",
  );
  socket.destroy();
  expect((await fetch(`${url}/health/live`)).status).toBe(200);
  expect(bodies).toEqual([]);
});
