import { createServer } from "node:net";
import { describe, expect, it } from "vitest";
import { rig } from "../../../test/http/open-session.ts";
import {
  json,
  LEGACY_RESULT,
  legacy,
  MODERN_RESULT,
  modern,
  rawServer,
  result,
} from "../../../test/http/raw-server.ts";
import { StartError } from "../session.ts";

async function startError(url: string, options: Parameters<typeof rig>[1] = {}): Promise<StartError> {
  const error: unknown = await rig(url, options)
    .open()
    .then(
      () => new Error("a session was opened"),
      (thrown: unknown) => thrown,
    );
  if (!(error instanceof StartError)) throw error;
  return error;
}

describe("negotiation of the era", () => {
  it("is settled by server/discover when the server is modern", async () => {
    const server = await rawServer(modern(() => {}));
    const session = await rig(server.url).open();
    expect(session.peer).toMatchObject({
      era: "modern",
      protocolVersion: "2026-07-28",
      info: { name: "raw", version: "2" },
      capabilities: { tools: {} },
    });
    expect(server.methods()).toEqual(["server/discover"]);
    expect(server.received[0]?.headers).toMatchObject({
      "mcp-protocol-version": "2026-07-28",
      "mcp-method": "server/discover",
      accept: "application/json, text/event-stream",
    });
    expect(server.received[0]?.message.params?._meta).toEqual({
      "io.modelcontextprotocol/protocolVersion": "2026-07-28",
      "io.modelcontextprotocol/clientInfo": { name: "hangar-test", version: "1.2.3" },
      "io.modelcontextprotocol/clientCapabilities": {},
    });
  });

  it.each([
    [
      "HTTP 400 with an error of its own",
      400,
      { jsonrpc: "2.0", id: null, error: { code: -32000, message: "no session" } },
    ],
    ["HTTP 404", 404, { error: "?" }],
    ["HTTP 405", 405, ""],
    ["HTTP 406", 406, ""],
    ["an unknown method", 200, { jsonrpc: "2.0", id: 0, error: { code: -32601, message: "Method not found" } }],
    ["some result that is no discovery", 200, { jsonrpc: "2.0", id: 0, result: {} }],
    [
      "only legacy versions",
      400,
      { jsonrpc: "2.0", id: 0, error: { code: -32022, message: "v", data: { supported: ["2025-06-18"] } } },
    ],
    [
      "a discovery of legacy versions",
      200,
      { jsonrpc: "2.0", id: 0, result: { ...MODERN_RESULT, supportedVersions: ["2025-11-25"] } },
    ],
  ])("falls back to initialize when server/discover is answered with %s", async (_, status, body) => {
    const fallback = legacy(() => {}, "s1");
    const server = await rawServer((received, response) =>
      received.message.method === "server/discover" ? json(response, status, body) : fallback(received, response),
    );
    const session = await rig(server.url).open();
    expect(session.peer).toMatchObject({
      era: "legacy",
      protocolVersion: "2025-11-25",
      info: { name: "raw", version: "1" },
    });
    expect(server.methods()).toEqual(["server/discover", "initialize", "notifications/initialized"]);
    const [, initialize, initialized] = server.received;
    expect(initialize?.headers).not.toHaveProperty("mcp-protocol-version");
    expect(initialize?.message.params).toEqual({
      protocolVersion: "2025-11-25",
      capabilities: {},
      clientInfo: { name: "hangar-test", version: "1.2.3" },
    });
    expect(initialized?.headers).toMatchObject({ "mcp-session-id": "s1", "mcp-protocol-version": "2025-11-25" });
  });

  it("falls back to initialize when server/discover is never answered", async () => {
    const fallback = legacy(() => {});
    const server = await rawServer((received, response) =>
      received.message.method === "server/discover" ? undefined : fallback(received, response),
    );
    const session = await rig(server.url, { context: { limits: { probeTimeoutMs: 50 } } }).open();
    expect(session.peer.era).toBe("legacy");
  });

  it("is remembered for the next session of a legacy server, and asked anew after a failure", async () => {
    const server = await rawServer(legacy(() => {}));
    const { open } = rig(server.url);
    await (await open()).close();
    await (await open()).close();
    expect(server.methods().filter((method) => method === "server/discover")).toHaveLength(1);

    const port = Number(new URL(server.url).port);
    await server.stop();
    await expect(open()).rejects.toThrow("ECONNREFUSED");
    const upgraded = await rawServer(
      modern(() => {}),
      { port },
    );
    expect((await open()).peer.era).toBe("modern");
    expect(upgraded.methods()).toEqual(["server/discover"]);
  });

  it("stays modern, and says so, when a modern server refuses because of headers or capabilities", async () => {
    const server = await rawServer((_, response) =>
      json(response, 400, { jsonrpc: "2.0", id: 0, error: { code: -32020, message: "header mismatch" } }),
    );
    const error = await startError(server.url);
    expect(error.code).toBe("protocol_error");
    expect(error.message).toContain("header mismatch (-32020)");
    expect(server.methods()).toEqual(["server/discover"]);
  });

  it("asks once more when the server refuses the version and then lists it", async () => {
    const error = { code: -32022, message: "not this one", data: { supported: ["2026-07-28"] } };
    const server = await rawServer((received, response) =>
      server.received.length === 1
        ? json(response, 400, { jsonrpc: "2.0", id: received.message.id, error })
        : result(received, response, MODERN_RESULT),
    );
    expect((await rig(server.url).open()).peer.era).toBe("modern");
    expect(server.methods()).toEqual(["server/discover", "server/discover"]);
  });

  it("accepts an answer to the handshake as an event stream", async () => {
    const server = await rawServer((received, response) => {
      if (received.method !== "POST") return void response.writeHead(405).end();
      if (received.message.method === "notifications/initialized") return void response.writeHead(202).end();
      if (received.message.method !== "initialize") return json(response, 404, {});
      response.writeHead(200, { "content-type": "text/event-stream; charset=utf-8", "mcp-session-id": "s" });
      response.end(`data: ${JSON.stringify({ jsonrpc: "2.0", id: 0, result: LEGACY_RESULT })}\n\n`);
    });
    expect((await rig(server.url).open()).peer.info.name).toBe("raw");
  });
});

describe("a start that fails", () => {
  it("says that nothing listens", async () => {
    const server = await rawServer(() => {});
    await server.stop();
    const error = await startError(server.url);
    expect(error).toMatchObject({ code: "connection_refused" });
    expect(error.message).toContain(new URL(server.url).host);
    expect(error.message).toContain("Is the server running");
  });

  it("says that a name does not resolve", async () => {
    const error = await startError("http://no-such-host.invalid/mcp");
    expect(error).toMatchObject({ code: "dns_failed" });
    expect(error.message).toContain("no-such-host.invalid");
  });

  it.each([401, 403])("says that credentials are missing when the server answers %i", async (status) => {
    const server = await rawServer((_, response) => void response.writeHead(status).end());
    const error = await startError(server.url);
    expect(error.code).toBe("auth_failed");
    expect(error.message).toContain(`HTTP ${status}`);
    expect(error.message).toContain("Set auth");
    expect(server.methods()).toEqual(["server/discover"]);
  });

  it("says that the path is wrong when every attempt gives 404", async () => {
    const server = await rawServer((_, response) => void response.writeHead(404).end("nope"));
    const error = await startError(server.url.replace("/mcp", "/"));
    expect(error.code).toBe("not_found");
    expect(error.message).toContain("usually end in /mcp");
    expect(server.methods()).toEqual(["server/discover", "initialize"]);
  });

  it("says that a web page is no MCP endpoint", async () => {
    const server = await rawServer(
      (_, response) => void response.writeHead(200, { "content-type": "text/html" }).end("<p>"),
    );
    const error = await startError(server.url);
    expect(error.code).toBe("not_mcp");
    expect(error.message).toContain("text/html");
  });

  it.each([
    [-32_603, "handshake_refused", "Look into the server's configuration and log"],
    [-32_601, "not_mcp", "Is the path right?"],
  ])("tells an endpoint that refuses the handshake from one that is none (%i)", async (code, diagnosis, advice) => {
    const server = await rawServer((received, response) => {
      if (received.message.method === "server/discover") return json(response, 404, {});
      json(response, 200, {
        jsonrpc: "2.0",
        id: received.message.id,
        error: { code, message: "the database is gone" },
      });
    });
    const error = await startError(server.url);
    expect(error.code).toBe(diagnosis);
    expect(error.message).toContain(`refused initialize: the database is gone (${code}). `);
    expect(error.message).toContain(advice);
  });

  it("points from the old transport's path to the new one", async () => {
    const server = await rawServer((_, response) => void response.writeHead(405).end());
    const error = await startError(server.url.replace("/mcp", "/sse"));
    expect(error.code).toBe("not_mcp");
    expect(error.message).toContain("try the same server at /mcp");
  });

  it("names both sides' versions when they have none in common", async () => {
    const old = await rawServer((received, response) =>
      received.message.method === "initialize"
        ? result(received, response, { ...LEGACY_RESULT, protocolVersion: "2023-01-01" })
        : json(response, 404, {}),
    );
    expect(await startError(old.url)).toMatchObject({ code: "unsupported_version" });
    const future = await rawServer((received, response) =>
      json(response, 400, {
        jsonrpc: "2.0",
        id: received.message.id,
        error: { code: -32022, message: "unsupported", data: { supported: ["2031-01-01"] } },
      }),
    );
    const error = await startError(future.url);
    expect(error.code).toBe("unsupported_version");
    expect(error.message).toContain("2031-01-01");
    expect(error.message).toContain("2026-07-28");
  });

  it("tells where a redirect wanted to go and does not follow it", async () => {
    const target = await rawServer(modern(() => {}));
    const server = await rawServer((_, response) => void response.writeHead(307, { location: target.url }).end());
    const error = await startError(server.url);
    expect(error.code).toBe("redirected");
    expect(error.message).toContain(target.url);
    expect(target.received).toHaveLength(0);
  });

  it("takes 5xx for a failure and not for a legacy server", async () => {
    const server = await rawServer((_, response) => void response.writeHead(502).end("bad gateway"));
    const error = await startError(server.url);
    expect(error.code).toBe("upstream_error");
    expect(error.message).toContain("HTTP 502: bad gateway");
    expect(server.methods()).toEqual(["server/discover"]);
  });

  it("reports a timeout of the start, and leaves no socket open", async () => {
    // Time is up as soon as the server has the question, however long that takes.
    const start = new AbortController();
    const server = await rawServer(() => start.abort(new DOMException("time is up", "TimeoutError")));
    const error: unknown = await rig(server.url)
      .open(start.signal)
      .catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: "timeout" });
    expect(String(error)).toContain("did not answer server/discover");
    await expect.poll(server.sockets).toBe(0);
  });

  it("reports a host that swallows connections as a timeout of the connection", async () => {
    // A listener whose backlog is full drops what comes next; a TLS handshake that nobody answers does the same here.
    const mute = createServer(() => {});
    await new Promise<void>((resolve) => mute.listen(0, "127.0.0.1", resolve));
    const { port } = mute.address() as { port: number };
    try {
      const error = await startError(`https://127.0.0.1:${port}/mcp`, {
        context: { limits: { connectTimeoutMs: 100 } },
      });
      expect(error.code).toBe("timeout");
      expect(error.message).toContain("cannot be reached");
    } finally {
      mute.close();
    }
  });

  it("reports a server that hangs up", async () => {
    const server = await rawServer((_, response) => void response.destroy());
    const error = await startError(server.url);
    expect(error.code).toBe("connection_lost");
    expect(error.message).toContain("Look into the server's log");
  });

  it("refuses options that contradict each other before anything is sent", async () => {
    const server = await rawServer(modern(() => {}));
    expect(await startError(server.url, { headers: { Host: "x" } })).toMatchObject({ code: "invalid_options" });
    expect(await startError(server.url, { tls: { insecure_skip_verify: true } })).toMatchObject({
      code: "invalid_options",
    });
    const withPassword = server.url.replace("http://", "http://ann:secret@");
    const error = await startError(withPassword);
    expect(error.message).toContain("auth with type basic");
    expect(error.message).not.toContain("secret");
    expect(server.received).toHaveLength(0);
  });
});
