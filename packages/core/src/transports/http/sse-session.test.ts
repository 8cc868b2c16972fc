import type { IncomingMessage, ServerResponse } from "node:http";
import { McpServer } from "@modelcontextprotocol/sdk/server/mcp.js";
import { SSEServerTransport } from "@modelcontextprotocol/sdk/server/sse.js";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { nodeServer } from "../../../test/http/node-server.ts";
import { callTool, request, resultOf, rig } from "../../../test/http/open-session.ts";
import { json, legacy, rawServer } from "../../../test/http/raw-server.ts";
import { type SseBehaviour, said, sseServer } from "../../../test/http/sse-server.ts";
import type { JsonObject, JsonRpcNotification } from "../../protocol/json-rpc.ts";
import { fakePlatform } from "../../testing/fake-platform.ts";

const PATIENCE = { timeout: 60_000 };

/** A server of SDK v1 as its documentation shows it: a stream at /sse, messages at /messages. */
class ServerOfV1 {
  readonly transports = new Map<string, SSEServerTransport>();
  readonly cancelled: unknown[] = [];
  readonly headers: (string | undefined)[] = [];

  readonly handler = (incoming: IncomingMessage, response: ServerResponse): void => {
    void this.#handle(incoming, response);
  };

  async #handle(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const { pathname, searchParams } = new URL(incoming.url ?? "", "http://localhost");
    if (incoming.headers.authorization !== "Bearer t0ken") return void response.writeHead(401).end();
    if (incoming.method === "GET" && pathname === "/sse") {
      const transport = new SSEServerTransport("/messages", response);
      this.transports.set(transport.sessionId, transport);
      response.on("close", () => this.transports.delete(transport.sessionId));
      await this.#build().connect(transport);
    } else if (incoming.method === "POST" && pathname === "/messages") {
      this.headers.push(incoming.headers["mcp-protocol-version"] as string | undefined);
      const transport = this.transports.get(searchParams.get("sessionId") ?? "");
      if (transport === undefined) response.writeHead(404).end();
      else await transport.handlePostMessage(incoming, response);
    } else response.writeHead(404).end(`Cannot ${incoming.method} ${pathname}`);
  }

  #build(): McpServer {
    const server = new McpServer({ name: "v1", version: "1.0.0" }, { capabilities: { logging: {} } });
    server.registerTool("echo", { inputSchema: { text: z.string() } }, ({ text }) => ({
      content: [{ type: "text", text }],
    }));
    server.registerTool("steps", { inputSchema: {} }, async (_args, { _meta, sendNotification }) => {
      for (const progress of [1, 2]) {
        const progressToken = _meta?.progressToken ?? 0;
        await sendNotification({ method: "notifications/progress", params: { progressToken, progress, total: 2 } });
      }
      return { content: [{ type: "text", text: "done" }] };
    });
    server.registerTool("ask", { inputSchema: {} }, async () => {
      const { content } = await server.server.createMessage({
        messages: [{ role: "user", content: { type: "text", text: "well?" } }],
        maxTokens: 5,
      });
      return { content: [content] } as { content: { type: "text"; text: string }[] };
    });
    server.registerTool("change", { inputSchema: {} }, () => {
      server.registerTool("another", { inputSchema: {} }, () => ({ content: [] }));
      return { content: [] };
    });
    server.registerTool("forever", { inputSchema: {} }, (_args, { signal }) => {
      signal.addEventListener("abort", () => void this.cancelled.push(signal.reason));
      return new Promise(() => {});
    });
    return server;
  }
}

async function v1Rig(options: Parameters<typeof rig>[1] = {}) {
  const v1 = new ServerOfV1();
  const { url } = await nodeServer(v1.handler);
  const auth = { type: "bearer", token: "t0ken" } as const;
  return { v1, ...rig(url.replace("/mcp", "/sse"), { auth, ...options }) };
}

describe.each(["auto", "sse"] as const)(
  "a server of the official SDK v1 that speaks only HTTP+SSE, with transport %s",
  (transport) => {
    it("answers calls, many at a time, and is left by closing the stream", async () => {
      const { v1, open, events } = await v1Rig({ transport });
      const session = await open();
      expect(session.peer).toMatchObject({ era: "legacy", info: { name: "v1" } });
      const replies = await Promise.all(
        Array.from({ length: 40 }, (_, n) => callTool(session, "echo", { arguments: { text: `größe ${n}` } })),
      );
      expect(replies.map(resultOf)).toEqual(
        Array.from({ length: 40 }, (_, n) => ({ content: [{ type: "text", text: `größe ${n}` }] })),
      );
      expect(v1.transports.size).toBe(1);
      expect(v1.headers.at(-1)).toBe(session.peer.protocolVersion);
      expect(events.filter(({ method }) => method === "GET").length).toBe(1);
      await session.close();
      await expect.poll(() => v1.transports.size, PATIENCE).toBe(0);
    });

    it("tells of progress under the caller's token, and of changed lists", async () => {
      const { open, observer } = await v1Rig({ transport });
      const session = await open();
      const seen: JsonRpcNotification[] = [];
      const params = { name: "steps", arguments: {}, _meta: { progressToken: "mine" } };
      await request(session, "tools/call", { params, onNotification: (n) => void seen.push(n) });
      expect(seen.map((n) => n.params)).toMatchObject([
        { progressToken: "mine", progress: 1 },
        { progressToken: "mine", progress: 2 },
      ]);
      await callTool(session, "change");
      await expect
        .poll(() => observer.notifications.map(({ method }) => method), PATIENCE)
        .toEqual(["notifications/tools/list_changed"]);
    });

    it("gets an answer to what it asks in the course of a call", async () => {
      const { open, observer } = await v1Rig({ transport, context: { clientCapabilities: { sampling: {} } } });
      const content = { type: "text", text: "fine" };
      observer.answer = async () => ({ kind: "result", result: { role: "assistant", model: "m", content } });
      expect(resultOf(await callTool(await open(), "ask"))).toEqual({ content: [content] });
      expect(observer.requests).toMatchObject([{ method: "sampling/createMessage" }]);
    });

    it("learns that a call was given up", async () => {
      const { v1, open } = await v1Rig({ transport });
      const session = await open();
      const controller = new AbortController();
      const reply = callTool(session, "forever", { signal: controller.signal });
      await callTool(session, "echo", { arguments: { text: "in between" } });
      controller.abort();
      expect(await reply).toMatchObject({ errorType: "aborted", maybeExecuted: true });
      await expect.poll(() => v1.cancelled.length, PATIENCE).toBe(1);
    });
  },
);

it("without credentials the start says what to set, also where the transport has to be found out", async () => {
  for (const transport of ["auto", "sse"] as const) {
    const { open } = await v1Rig({ transport, auth: undefined });
    await expect(open()).rejects.toMatchObject({ code: "auth_failed" });
  }
});

it("streamable_http does not look for the older transport", async () => {
  const { open, v1 } = await v1Rig({ transport: "streamable_http" });
  await expect(open()).rejects.toMatchObject({ code: "not_found", message: expect.stringContaining("set transport") });
  expect(v1.transports.size).toBe(0);
});

describe("where messages go", () => {
  it.each([
    ["a path", "/messages?session=0", "/messages?session=0"],
    ["a relative path", "messages?session=0", "/messages?session=0"],
    ["a query", "?session=0", "/sse?session=0"],
    ["spaces around it", " /messages?session=0 ", "/messages?session=0"],
    ["signs of other languages", "/größe?session=0", "/gr%C3%B6%C3%9Fe?session=0"],
  ])("is understood as %s", async (_name, endpoint, path) => {
    const server = await sseServer({ endpoint: () => endpoint });
    // What cannot be answered there is beside the point.
    await rig(server.url, { transport: "sse" })
      .open(AbortSignal.timeout(2_000))
      .catch(() => undefined);
    expect(server.received.find(({ method }) => method === "POST")?.path).toBe(path);
  });

  it("is understood as a whole address of the same origin", async () => {
    let origin = "";
    const server = await sseServer({ endpoint: (stream) => `${origin}/messages?session=${stream}` });
    ({ origin } = new URL(server.url));
    await expect(rig(server.url).open()).resolves.toMatchObject({ peer: { protocolVersion: "2024-11-05" } });
  });

  it.each([
    "http://127.0.0.1:1/messages",
    "//example.com/messages",
    "https://example.com/",
    "data:text/plain,x",
    "http://[",
  ])("is no other origin: %s", async (endpoint) => {
    const server = await sseServer({ endpoint: () => endpoint });
    await expect(rig(server.url, { transport: "sse" }).open()).rejects.toMatchObject({
      code: "not_mcp",
      message: expect.stringContaining("another origin"),
    });
    expect(server.received.filter(({ method }) => method === "POST")).toEqual([]);
    await expect.poll(() => server.sockets(), PATIENCE).toBe(0);
  });
});

describe("the older transport is looked for", () => {
  it.each([400, 404, 405])("when initialize is answered with %d", async (status) => {
    const server = await sseServer({ onPost: (_received, response) => void response.writeHead(status).end() });
    const session = await rig(server.url).open();
    expect(session.peer.protocolVersion).toBe("2024-11-05");
    expect(server.received.slice(0, 3).map(({ method, message }) => message.method ?? method)).toEqual([
      "server/discover",
      "initialize",
      "GET",
    ]);
  });

  it.each([401, 403, 406, 429, 500, 503])("not when it is answered with %d", async (status) => {
    const server = await sseServer({ onPost: (_received, response) => void response.writeHead(status).end() });
    await expect(rig(server.url).open()).rejects.toThrow(String(status));
    expect(server.streams).toHaveLength(0);
  });

  it("and is not asked for again, until a start fails", async () => {
    const server = await sseServer();
    const { open } = rig(server.url);
    await (await open()).close();
    const before = server.received.length;
    await (await open()).close();
    expect(server.received.slice(before).map(({ method, message }) => message.method ?? method)).toEqual([
      "GET",
      "initialize",
      "notifications/initialized",
    ]);
  });

  it.each<[string, (response: ServerResponse) => void]>([
    ["a web page", (response) => void response.writeHead(200, { "content-type": "text/html" }).end("<p>")],
    ["a stream that ends", (response) => void response.writeHead(200, { "content-type": "text/event-stream" }).end()],
    ["405", (response) => void response.writeHead(405).end()],
    ["a hang-up", (response) => void response.destroy()],
  ])("and the refusal of initialize is told where GET gives %s", async (_name, onGet) => {
    const server = await rawServer((received, response) => {
      if (received.method === "GET") onGet(response);
      else json(response, 400, { jsonrpc: "2.0", id: null, error: { code: -32000, message: "not this way" } });
    });
    await expect(rig(server.url).open()).rejects.toMatchObject({
      code: "not_mcp",
      message: expect.stringContaining("not this way"),
    });
  });

  it("in vain on a stream that says nothing, for as long as a probe takes", async () => {
    const server = await sseServer({ endpoint: () => undefined });
    const { open } = rig(server.url, { context: { limits: { probeTimeoutMs: 300 } } });
    await expect(open()).rejects.toMatchObject({ code: "not_mcp", message: expect.stringContaining("405") });
    await expect.poll(() => server.sockets(), PATIENCE).toBe(0);
  });

  it("not at servers that answer", async () => {
    const server = await rawServer(legacy((_received, response) => void response.writeHead(500).end()));
    const session = await rig(server.url).open();
    expect(session.peer.protocolVersion).toBe("2025-11-25");
  });
});

it("a start on a stream that does not say where messages go ends with the time for it, and says so", async () => {
  const server = await sseServer({ endpoint: () => undefined });
  await expect(rig(server.url, { transport: "sse" }).open(AbortSignal.timeout(300))).rejects.toThrow(
    /does not say where messages go/,
  );
  await expect.poll(() => server.sockets(), PATIENCE).toBe(0);
});

const answered =
  (value: JsonObject): NonNullable<SseBehaviour["onMessage"]> =>
  (received, response, stream) => {
    response.writeHead(202).end("Accepted");
    if (received.message.id !== undefined) stream.write(said({ id: received.message.id, result: value }));
  };

describe("an answer", () => {
  const OK = { content: [] };
  it.each<[string, NonNullable<SseBehaviour["onMessage"]>]>([
    [
      "in front of the status of the request",
      (received, response, stream) => {
        stream.write(said({ id: received.message.id ?? null, result: OK }));
        setTimeout(() => response.writeHead(202).end(), 20);
      },
    ],
    [
      "behind 200 with text",
      (received, response, stream) => {
        response.writeHead(200, { "content-type": "text/plain" }).end("ok");
        stream.write(said({ id: received.message.id ?? null, result: OK }));
      },
    ],
    [
      "behind 200 with other JSON",
      (received, response, stream) => {
        json(response, 200, { ok: true });
        stream.write(said({ id: received.message.id ?? null, result: OK }));
      },
    ],
    [
      "in the response to the request",
      (received, response) => json(response, 200, { jsonrpc: "2.0", id: received.message.id, result: OK }),
    ],
    [
      "with its id as text",
      (received, response, stream) => {
        response.writeHead(202).end();
        stream.write(said({ id: String(received.message.id), result: OK }));
      },
    ],
    [
      "behind comments, odd events and text",
      (received, response, stream) => {
        response.writeHead(202).end();
        stream.write(
          ": ping\n\nevent: ping\ndata: 2026-01-01\n\nevent: endpoint\ndata: //evil.example\n\ndata: hello\n\n",
        );
        stream.write(said({ id: received.message.id ?? null, result: OK }));
      },
    ],
    [
      "of a request whose response never ends",
      (received, response, stream) => {
        response.writeHead(202, { "content-type": "text/plain" }).flushHeaders();
        stream.write(said({ id: received.message.id ?? null, result: OK }));
      },
    ],
  ])("is read %s", async (_name, onMessage) => {
    const server = await sseServer({ onMessage });
    const session = await rig(server.url).open();
    for (let call = 0; call < 3; call++) expect(resultOf(await callTool(session, "x"))).toEqual(OK);
    expect(server.streams).toHaveLength(1);
  });

  it("that is too large fails the call that it is for, and no other", async () => {
    const large = { content: [{ type: "text", text: "x".repeat(200_000) }] };
    const server = await sseServer({
      onMessage: (received, response, stream) => {
        const isLarge = received.message.params?.name === "large";
        answered(isLarge ? large : OK)(received, response, stream);
      },
    });
    const session = await rig(server.url, { context: { limits: { responseBytesMax: 65_536 } } }).open();
    const replies = await Promise.all(["x", "large", "y", "large", "z"].map((name) => callTool(session, name)));
    expect(replies.map((reply) => (reply.kind === "failed" ? reply.errorType : reply.kind))).toEqual([
      "result",
      "upstream_rejected",
      "result",
      "upstream_rejected",
      "result",
    ]);
    expect(server.streams).toHaveLength(1);
  });

  it.each([
    [401, { errorType: "upstream_auth", maybeExecuted: false }],
    [404, { errorType: "upstream_rejected", maybeExecuted: false }],
    [413, { errorType: "upstream_rejected", maybeExecuted: false }],
    [429, { errorType: "overloaded", maybeExecuted: false }],
    [500, { errorType: "upstream_error", maybeExecuted: true }],
  ])("does not come for a request that is refused with %d", async (status, failure) => {
    const server = await sseServer({ onMessage: (_received, response) => void response.writeHead(status).end("no") });
    const session = await rig(server.url).open();
    expect(await callTool(session, "x")).toMatchObject({ kind: "failed", ...failure });
  });
});

describe("when the stream ends", () => {
  const silent: SseBehaviour = { onMessage: (_received, response) => void response.writeHead(202).end() };

  it("calls in flight fail and say that they may have run; soon after the start, so does the session", async () => {
    const server = await sseServer(silent);
    const { open, observer } = rig(server.url);
    const session = await open();
    const replies = ["x", "y"].map((name) => callTool(session, name));
    await expect.poll(() => server.methods().filter((method) => method === "tools/call").length, PATIENCE).toBe(2);
    server.streams[0]?.destroy();
    for (const reply of await Promise.all(replies)) {
      expect(reply).toMatchObject({
        kind: "failed",
        errorType: "connection",
        maybeExecuted: true,
        message: "the event stream ended before tools/call was answered",
      });
    }
    expect(observer.ends).toMatchObject([{ reason: "crashed" }]);
    expect(await callTool(session, "z")).toMatchObject({ errorType: "connection", maybeExecuted: false });
  });

  it.each(["end", "destroy"] as const)("another is opened, for which later calls wait (%s)", async (how) => {
    const platform = fakePlatform();
    const server = await sseServer({ onMessage: answered({ content: [] }) });
    const { open, observer } = rig(server.url, { platform });
    const session = await open();
    platform.clock.advance(60_000);
    server.streams[0]?.[how]();
    // Sent before the end is known, at the latest: it fails, or waits for the next stream.
    await expect.poll(() => server.streams.length, PATIENCE).toBe(2);
    expect(resultOf(await callTool(session, "x"))).toEqual({ content: [] });
    expect(server.received.at(-1)?.path).toBe("/messages?session=1");
    expect(observer.ends).toEqual([]);
    expect(observer.notifications).toMatchObject([{ method: "notifications/tools/list_changed" }]);
  });

  it("and another cannot be opened, the session ends and says why", async () => {
    const platform = fakePlatform();
    const server = await sseServer(silent);
    const { open, observer } = rig(server.url, { platform });
    const session = await open();
    platform.clock.advance(60_000);
    await server.stop();
    await expect
      .poll(() => observer.ends, PATIENCE)
      .toMatchObject([
        { message: expect.stringMatching(/^the event stream ended and another could not be opened: nothing listens/) },
      ]);
    expect(await callTool(session, "x")).toMatchObject({ errorType: "connection", maybeExecuted: false });
  });

  it("because we close it, nothing is left", async () => {
    const server = await sseServer(silent);
    const { open, observer } = rig(server.url);
    const session = await open();
    const reply = callTool(session, "x");
    await expect.poll(() => server.methods().includes("tools/call"), PATIENCE).toBe(true);
    await session.close();
    expect(await reply).toMatchObject({ errorType: "connection", maybeExecuted: true });
    await expect.poll(() => server.sockets(), PATIENCE).toBe(0);
    expect(observer.ends).toEqual([]);
  });
});
