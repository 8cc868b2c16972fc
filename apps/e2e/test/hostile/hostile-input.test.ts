import { isAlive, openFiles, poll, residentBytes } from "@mcp-hangar/testing";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type HttpGateway, startGateway } from "../../src/harness/gateway-process.ts";
import { postBytes, type RawResponse, rawConnection } from "../../src/harness/raw-http.ts";
import { nodeServer } from "../../src/harness/upstreams.ts";
import { type LegacySession, openLegacySession, textOf } from "../../src/harness/wire-client.ts";
import { fixtureFile } from "../../src/harness/workspace.ts";
import { list, MEGABYTE, REFUSALS } from "./refusals.ts";

/** How much the gateway may grow over all of this file; the poured bodies alone are many times as large. */
const GROWTH_BYTES_MAX = 120 * MEGABYTE;

let gateway: HttpGateway;
let session: LegacySession;
let rssBefore: number;

beforeAll(async () => {
  gateway = await startGateway({
    mcp_servers: { own: nodeServer(fixtureFile("misbehaving/stdio.ts")) },
    http: { headers_timeout_s: 1, request_timeout_s: 2, max_body_bytes: MEGABYTE },
  });
  session = await openLegacySession(gateway.mcpUrl());
  await stillServes();
  rssBefore = residentBytes(gateway.process.pid);
});

afterAll(async () => {
  await gateway?.[Symbol.asyncDispose]();
});

describe("a request that must be refused", () => {
  test.each(REFUSALS)("$name", async ({ body, headers, status, code, sessionless }) => {
    const answer = await send(body, { ...(sessionless ? {} : sessionHeaders()), ...headers });
    expect(answer.status, answer.body).toBe(status);
    expect(answer.body).not.toMatch(/\bat .*\.(ts|js):\d+/);
    if (code !== undefined) expect(JSON.parse(answer.body)).toMatchObject({ jsonrpc: "2.0", error: { code } });
    await stillServes();
  });
});

/** Well-formed requests with treacherous names: the error is JSON-RPC's, the HTTP exchange is fine. */
const NAMES = [
  "__proto__",
  "constructor",
  "toString",
  "hasOwnProperty",
  "own____proto__",
  "own__constructor",
  "",
  "\0",
  "x".repeat(10_000),
];

describe.each(NAMES)("the name %j", (name) => {
  test("is no tool", async () => {
    const { message } = await session.request("tools/call", { name, arguments: {} });
    expect(message.error).toMatchObject({ code: -32_602 });
    expect(JSON.stringify(message).length).toBeLessThan(2_000);
  });

  test("is no prompt, no resource and no method", async () => {
    const prompt = await session.request("prompts/get", { name });
    // -32601 comes from a server that has no prompts at all.
    expect([-32_602, -32_601]).toContain(prompt.message.error?.code);
    const resource = await session.request("resources/read", { uri: name });
    expect([-32_602, -32_002]).toContain(resource.message.error?.code);
    const method = await session.request(name === "" ? "/" : name);
    expect(method.message.error).toMatchObject({ code: -32_601 });
  });

  test("is no server", async () => {
    const body = JSON.stringify(list);
    const response = await fetch(`${gateway.url}/servers/${encodeURIComponent(name)}/mcp`, { method: "POST", body });
    await response.arrayBuffer();
    expect([400, 404, 414, 431]).toContain(response.status);
  });
});

describe("documents that read differently to different readers", () => {
  test("of duplicate keys the upstream sees the one that the gateway saw", async () => {
    const body =
      '{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"name":"own__crash","name":"own__echo","arguments":{"a":1,"a":2}}}';
    const answer = await send(body, sessionHeaders());
    const message = JSON.parse(answer.body.replace(/^[\s\S]*?data: /, "")) as Parameters<typeof textOf>[0];
    if (message.error === undefined) expect(textOf(message)).toBe('{"a":2}');
    else expect(message.error.code).toBe(-32_600);
    await stillServes();
  });

  test("__proto__ in arguments pollutes nothing and is either refused or passed on as it is", async () => {
    const body =
      '{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"name":"own__echo","__proto__":{"name":"own__crash"},"arguments":{"__proto__":{"polluted":true},"x":1}}}';
    const answer = await send(body, sessionHeaders());
    const message = JSON.parse(answer.body.replace(/^[\s\S]*?data: /, "")) as Parameters<typeof textOf>[0];
    if (message.error === undefined) expect(textOf(message)).toBe('{"__proto__":{"polluted":true},"x":1}');
    else expect([-32_600, -32_602]).toContain(message.error.code);
    const { message: after } = await session.request("tools/call", { name: "own__echo", arguments: {} });
    expect(textOf(after)).toBe("{}");
  });
});

describe("connections that misbehave", () => {
  test("a body of 256 MB is refused without being kept", async () => {
    const before = residentBytes(gateway.process.pid);
    const chunk = Buffer.concat([Buffer.from("100000\r\n"), Buffer.alloc(MEGABYTE, "x"), Buffer.from("\r\n")]);
    using connection = await rawConnection(gateway.url);
    connection.write(
      postBytes(gateway.mcpUrl(), "", {
        ...sessionHeaders(),
        "content-length": undefined,
        "transfer-encoding": "chunked",
      }),
    );
    await connection.pour(chunk, 256);
    const { status } = await connection.response();
    expect([413, 0]).toContain(status);
    expect(residentBytes(gateway.process.pid) - before).toBeLessThan(64 * MEGABYTE);
    await stillServes();
  });

  test("slow heads and slow bodies are cut off, and others are served meanwhile", async () => {
    const filesBefore = openFiles(gateway.process.pid);
    const slow = await Promise.all(Array.from({ length: 100 }, () => rawConnection(gateway.url)));
    for (const [index, connection] of slow.entries()) {
      if (index % 2 === 0) connection.write("POST /mcp HTTP/1.1\r\nhost: 127.0.0.1\r\nx-drip: ");
      else connection.write(postBytes(gateway.mcpUrl(), "{", { ...sessionHeaders(), "content-length": "1000" }));
    }
    const drip = setInterval(() => {
      for (const connection of slow) if (!connection.closed()) connection.write(" ");
    }, 200);
    try {
      await stillServes();
      await poll("every slow connection to be cut off", () => slow.every((connection) => connection.closed()));
    } finally {
      clearInterval(drip);
      for (const connection of slow) connection[Symbol.dispose]();
    }
    await poll("their file descriptors to be given back", () => openFiles(gateway.process.pid) <= filesBefore + 5);
    await stillServes();
  });

  test("half-open connections and broken-off bodies leave nothing behind", async () => {
    const filesBefore = openFiles(gateway.process.pid);
    const starts = [
      "",
      "P",
      "POST /mcp HTTP/1.1\r\n",
      "POST /mcp HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-length: 99\r\n\r\n{",
    ];
    for (let round = 0; round < 50; round += 1) {
      using connection = await rawConnection(gateway.url);
      connection.write(starts[round % starts.length] ?? "");
    }
    await poll("their file descriptors to be given back", () => openFiles(gateway.process.pid) <= filesBefore + 5);
    await stillServes();
  });

  test("bytes that are not HTTP get 400 or the end of the connection", async () => {
    for (const bytes of [
      "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
      "GET\r\n\r\n",
      "\0".repeat(1000),
      "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    ]) {
      using connection = await rawConnection(gateway.url);
      connection.write(Buffer.from(bytes, "latin1"));
      expect([400, 404, 405, 505, 0]).toContain((await connection.response()).status);
    }
    await stillServes();
  });

  test("500 sessions opened and left do not make the gateway grow without bound", async () => {
    for (let round = 0; round < 20; round += 1) {
      await Promise.all(Array.from({ length: 25 }, () => openLegacySession(gateway.mcpUrl())));
    }
    await stillServes();
  });
});

test("after all of it the same process serves, and it has not grown much", async () => {
  await stillServes();
  expect(isAlive(gateway.process.pid)).toBe(true);
  expect(residentBytes(gateway.process.pid) - rssBefore).toBeLessThan(GROWTH_BYTES_MAX);
  const complaints = gateway
    .events()
    .filter(({ event, level }) => /uncaught|unhandled/i.test(event) || level === "critical");
  expect(complaints).toEqual([]);
});

async function stillServes(): Promise<void> {
  const { message } = await session.request("tools/call", { name: "own__ok", arguments: {} });
  expect(textOf(message)).toBe("ok");
}

async function send(
  body: string | Uint8Array,
  headers: Readonly<Record<string, string | undefined>>,
): Promise<RawResponse> {
  using connection = await rawConnection(gateway.url);
  connection.write(postBytes(gateway.mcpUrl(), body, headers));
  return await connection.response();
}

function sessionHeaders(): Record<string, string> {
  return { "mcp-session-id": session.id, "mcp-protocol-version": "2025-11-25" };
}
