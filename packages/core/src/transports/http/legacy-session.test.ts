import { describe, expect, it } from "vitest";
import { callTool, request, resultOf, rig } from "../../../test/http/open-session.ts";
import {
  event,
  events,
  type Handler,
  json,
  LEGACY_RESULT,
  legacy,
  type RawServer,
  rawServer,
  result,
} from "../../../test/http/raw-server.ts";
import type { JsonObject, JsonRpcNotification } from "../../protocol/json-rpc.ts";
import { fakePlatform } from "../../testing/fake-platform.ts";

const TRACE = { traceparent: "00-11111111111111111111111111111111-2222222222222222-01", tracestate: "a=1" };

/** A server with sessions that can forget them, as a restarted one does. */
class ForgetfulServer {
  readonly known = new Set<string>();
  opened = 0;
  refusesToOpen = false;
  /** How a request with an unknown session is refused. */
  refusal: { status: number; message: string } = { status: 404, message: "Session not found" };

  readonly handler: Handler = (received, response) => {
    const { method } = received.message;
    const sessionId = String(received.headers["mcp-session-id"]);
    if (method === "initialize") {
      if (this.refusesToOpen) return void response.writeHead(500).end("no");
      const id = `session-${++this.opened}`;
      this.known.add(id);
      return result(received, response, LEGACY_RESULT, { "mcp-session-id": id });
    }
    if (method === "server/discover") return json(response, 400, {});
    if (!this.known.has(sessionId)) {
      const error = { code: -32000, message: this.refusal.message };
      return json(response, this.refusal.status, { jsonrpc: "2.0", id: null, error });
    }
    if (received.method === "GET") return void response.writeHead(405).end();
    if (received.method === "DELETE") {
      this.known.delete(sessionId);
      return void response.writeHead(200).end();
    }
    if (method?.startsWith("notifications/")) return void response.writeHead(202).end();
    return result(received, response, { sessionId, echo: received.message.params?.arguments });
  };
}

function calls(server: RawServer): number {
  return server.methods().filter((method) => method === "tools/call").length;
}

describe("a legacy session", () => {
  it("sends session id, protocol version, configured headers and trace context with every request", async () => {
    const server = await rawServer(legacy((received, response) => result(received, response, {}), "s-1"));
    const auth = { type: "bearer", token: "t0ken" } as const;
    const session = await rig(server.url, { headers: { "X-Team": "blue" }, auth }).open();
    await callTool(session, "größe", { trace: TRACE });
    const last = server.received.at(-1);
    expect(last?.headers).toMatchObject({
      "content-type": "application/json",
      accept: "application/json, text/event-stream",
      "mcp-protocol-version": "2025-11-25",
      "mcp-session-id": "s-1",
      "x-team": "blue",
      authorization: "Bearer t0ken",
      ...TRACE,
    });
    expect(last?.headers).not.toHaveProperty("mcp-method");
    expect(last?.message.params).toEqual({ name: "größe", arguments: {}, _meta: TRACE });
    for (const { headers } of server.received) expect(headers).toMatchObject({ authorization: "Bearer t0ken" });
  });

  it("keeps trace context that headers cannot carry out of the headers", async () => {
    const server = await rawServer(legacy((received, response) => result(received, response, {})));
    const session = await rig(server.url).open();
    const trace = { traceparent: TRACE.traceparent, tracestate: "a=1\r\nx-evil: 1" };
    expect((await callTool(session, "x", { trace })).kind).toBe("result");
    expect(server.received.at(-1)?.headers).not.toHaveProperty("tracestate");
    expect(server.received.at(-1)?.headers).not.toHaveProperty("x-evil");
  });

  it("ends its session on close, and does not wait for a server that does not answer", async () => {
    const forgetful = new ForgetfulServer();
    const server = await rawServer(forgetful.handler);
    const session = await rig(server.url).open();
    await session.close();
    expect(forgetful.known.size).toBe(0);
    expect(server.received.at(-1)).toMatchObject({ method: "DELETE", headers: { "mcp-session-id": "session-1" } });

    const other = new ForgetfulServer();
    const mute = await rawServer((received, response) =>
      received.method === "DELETE" ? undefined : other.handler(received, response),
    );
    await (await rig(mute.url, { context: { limits: { farewellTimeoutMs: 20 } } }).open()).close();
    await expect.poll(mute.sockets).toBe(0);
  });

  it("tells the server by notifications/cancelled which request was given up", async () => {
    const server = await rawServer(legacy(() => {}, "s"));
    const { open, observer } = rig(server.url);
    const session = await open();
    const controller = new AbortController();
    const reply = callTool(session, "slow", { signal: controller.signal });
    await expect.poll(server.methods).toContain("tools/call");
    const { id } = server.received.at(-1)?.message ?? {};
    controller.abort();
    expect(await reply).toMatchObject({ errorType: "aborted" });
    await expect.poll(server.methods).toContain("notifications/cancelled");
    expect(server.received.at(-1)?.message.params).toMatchObject({ requestId: id });
    expect(server.received.at(-1)?.headers["mcp-session-id"]).toBe("s");
    expect(observer.messages.get("sent notification")).toBe(2);
  });
});

describe("a session that the server forgot", () => {
  it.each([
    { status: 404, message: "Session not found" },
    { status: 400, message: "Bad Request: No valid session ID provided" },
    { status: 400, message: "Bad Request: Server not initialized" },
  ])("is renewed once for all requests in flight, which are then answered ($status $message)", async (refusal) => {
    const forgetful = new ForgetfulServer();
    const server = await rawServer(forgetful.handler);
    const { open, observer } = rig(server.url);
    const session = await open();
    forgetful.refusal = refusal;
    forgetful.known.clear();
    const replies = await Promise.all(
      Array.from({ length: 20 }, (_, n) => callTool(session, "x", { arguments: { n } })),
    );
    expect(replies.map(resultOf)).toEqual(
      Array.from({ length: 20 }, (_, n) => ({ sessionId: "session-2", echo: { n } })),
    );
    expect(forgetful.opened).toBe(2);
    expect(observer.ends).toEqual([]);
    // The tools of a restarted server may be others.
    expect(observer.notifications.map(({ method }) => method)).toEqual(["notifications/tools/list_changed"]);
  });

  it("is renewed again when it is forgotten again", async () => {
    const forgetful = new ForgetfulServer();
    const session = await rig((await rawServer(forgetful.handler)).url).open();
    for (const round of [2, 3, 4]) {
      forgetful.known.clear();
      expect(resultOf(await callTool(session, "x"))).toMatchObject({ sessionId: `session-${round}` });
    }
  });

  it("is not renewed a second time for the same request", async () => {
    const forgetful = new ForgetfulServer();
    const server = await rawServer((received, response) =>
      received.message.method === "tools/call" || received.message.method === "ping"
        ? void response.writeHead(404).end()
        : forgetful.handler(received, response),
    );
    const { open, observer } = rig(server.url);
    const session = await open();
    expect(await callTool(session, "x")).toMatchObject({
      kind: "failed",
      errorType: "upstream_rejected",
      maybeExecuted: false,
    });
    expect(calls(server)).toBe(2);
    expect(observer.ends).toEqual([]);
  });

  it("is reported as closed, once, when it cannot be renewed, and then fails at once", async () => {
    const forgetful = new ForgetfulServer();
    const server = await rawServer(forgetful.handler);
    const { open, observer } = rig(server.url);
    const session = await open();
    forgetful.known.clear();
    forgetful.refusesToOpen = true;
    const replies = await Promise.all([callTool(session, "x"), callTool(session, "y")]);
    for (const reply of replies)
      expect(reply).toMatchObject({ kind: "failed", errorType: "connection", maybeExecuted: false });
    expect(observer.ends).toEqual([{ reason: "crashed", message: expect.stringContaining("HTTP 500: no") }]);
    const before = server.received.length;
    expect(await callTool(session, "z")).toMatchObject({ errorType: "connection", maybeExecuted: false });
    expect(server.received).toHaveLength(before);
    expect(observer.ends).toHaveLength(1);
  });

  it("is not renewed for a request that was given up meanwhile", async () => {
    const forgetful = new ForgetfulServer();
    let held: (() => void) | undefined;
    const server = await rawServer((received, response) => {
      if (received.message.method === "initialize" && forgetful.opened === 1) {
        held = () => void forgetful.handler(received, response);
      } else return forgetful.handler(received, response);
    });
    const session = await rig(server.url).open();
    forgetful.known.clear();
    const controller = new AbortController();
    const givenUp = callTool(session, "x", { signal: controller.signal });
    const kept = callTool(session, "y");
    await expect.poll(() => held).toBeDefined();
    controller.abort();
    expect(await givenUp).toMatchObject({ errorType: "aborted", maybeExecuted: false });
    held?.();
    expect(resultOf(await kept)).toMatchObject({ sessionId: "session-2" });
    expect(calls(server)).toBe(3);
  });

  it("does not outlive a close during the renewal", async () => {
    const forgetful = new ForgetfulServer();
    const server = await rawServer((received, response) =>
      received.message.method === "initialize" && forgetful.opened === 1
        ? undefined
        : forgetful.handler(received, response),
    );
    const { open, observer } = rig(server.url);
    const session = await open();
    forgetful.known.clear();
    const reply = callTool(session, "x");
    await expect.poll(() => server.methods().filter((method) => method === "initialize").length).toBe(2);
    await session.close();
    expect(await reply).toMatchObject({ errorType: "connection" });
    expect(observer.ends).toEqual([]);
    await expect.poll(server.sockets).toBe(0);
  });

  it("is discovered by the background stream too", async () => {
    const forgetful = new ForgetfulServer();
    let cut: (() => void) | undefined;
    const server = await rawServer((received, response) => {
      if (received.method === "GET" && forgetful.known.has(String(received.headers["mcp-session-id"]))) {
        cut = () => response.destroy();
        events(response).write("retry: 1\n\n");
      } else return forgetful.handler(received, response);
    });
    const { open } = rig(server.url);
    await open();
    await expect.poll(() => cut).toBeDefined();
    forgetful.known.clear();
    cut?.();
    await expect.poll(() => forgetful.opened).toBe(2);
  });
});

describe("what a legacy server sends beside the answer", () => {
  it("reaches the call it belongs to, with the caller's own progress token", async () => {
    const server = await rawServer(
      legacy((received, response) => {
        const stream = events(response);
        const { progressToken } = (received.message.params?._meta ?? {}) as JsonObject;
        stream.write(event({ method: "notifications/progress", params: { progressToken, progress: 1 } }));
        stream.write(event({ method: "notifications/progress", params: { progressToken: "other", progress: 9 } }));
        stream.write(event({ method: "notifications/message", params: { level: "info", data: "hello" } }));
        stream.write(event({ method: "notifications/tools/list_changed" }));
        stream.end(event({ id: received.message.id, result: { done: true } }));
      }),
    );
    const { open, observer } = rig(server.url);
    const session = await open();
    for (const progressToken of ["7", 7]) {
      const seen: JsonRpcNotification[] = [];
      const params = { name: "x", _meta: { progressToken } };
      const reply = await request(session, "tools/call", { params, onNotification: (n) => void seen.push(n) });
      expect(resultOf(reply)).toEqual({ done: true });
      expect(seen).toEqual([
        { method: "notifications/progress", params: { progressToken, progress: 1 } },
        { method: "notifications/message", params: { level: "info", data: "hello" } },
      ]);
    }
    expect(observer.notifications).toEqual([
      { method: "notifications/tools/list_changed", params: {} },
      { method: "notifications/tools/list_changed", params: {} },
    ]);
  });

  it("is answered when it is a request: by the call, by us for ping, and by the owner when the client of the call cannot be asked", async () => {
    let asked = 0;
    const server = await rawServer(
      legacy((received, response) => {
        const { message } = received;
        if (message.method !== "tools/call") return void response.writeHead(202).end();
        const stream = events(response);
        asked += 2;
        stream.write(event({ id: "p", method: "ping" }));
        stream.write(event({ id: 5, method: "sampling/createMessage", params: { messages: [] } }));
        const finish = setInterval(() => {
          const answers = server.received.filter(
            ({ message: { method, id } }) => method === undefined && id !== undefined,
          );
          if (answers.length < asked) return;
          clearInterval(finish);
          stream.end(event({ id: message.id, result: {} }));
        }, 5);
      }, "s"),
    );
    const session = await rig(server.url).open();
    await callTool(session, "x", {
      onServerRequest: async ({ id, method, params }) => ({ kind: "result", result: { id, method, params } }),
    });
    await callTool(session, "x");
    await callTool(session, "x", { onServerRequest: () => Promise.reject(new Error("no model here")) });
    const replies = server.received.filter(({ message: { method, id } }) => method === undefined && id !== undefined);
    expect(replies.every(({ headers }) => headers["mcp-session-id"] === "s")).toBe(true);
    expect(replies.map(({ message }) => message).filter(({ id }) => id === "p")).toEqual(
      Array.from({ length: 3 }, () => ({ jsonrpc: "2.0", id: "p", result: {} })),
    );
    expect(replies.map(({ message }) => message).filter(({ id }) => id === 5)).toEqual([
      { jsonrpc: "2.0", id: 5, result: { id: 5, method: "sampling/createMessage", params: { messages: [] } } },
      // The owner of the session is the last who may know somebody to ask.
      { jsonrpc: "2.0", id: 5, result: {} },
      { jsonrpc: "2.0", id: 5, error: { code: -32603, message: "no model here" } },
    ]);
  });

  it("reaches the owner of the session when it comes on the background stream, requests included", async () => {
    const server = await rawServer((received, response) => {
      if (received.method !== "GET") return legacy(() => {}, "s")(received, response);
      const stream = events(response);
      stream.write(event({ method: "notifications/resources/updated", params: { uri: "a:b" } }));
      stream.write(event({ id: 3, method: "roots/list" }));
    });
    const { open, observer } = rig(server.url);
    observer.answer = async () => ({ kind: "result", result: { roots: [] } });
    await open();
    await expect.poll(() => server.received.at(-1)?.message).toEqual({ jsonrpc: "2.0", id: 3, result: { roots: [] } });
    expect(observer.notifications).toEqual([{ method: "notifications/resources/updated", params: { uri: "a:b" } }]);
    expect(observer.requests).toEqual([{ id: 3, method: "roots/list", params: {} }]);
    const get = server.received.find(({ method }) => method === "GET");
    expect(get?.headers).toMatchObject({ accept: "text/event-stream", "mcp-session-id": "s" });
    expect(get?.headers).not.toHaveProperty("content-type");
  });
});

describe("an answer whose stream is interrupted", () => {
  it("is taken up after the last event, once the server's wait is over, as often as needed", async () => {
    const gets: { readonly at: number; readonly from: unknown }[] = [];
    let id: unknown;
    const server = await rawServer((received, response) => {
      if (received.method === "GET" && received.headers["last-event-id"] !== undefined) {
        gets.push({ at: performance.now(), from: received.headers["last-event-id"] });
        const stream = events(response);
        if (gets.length === 1) stream.end("id: zwölf\ndata:\n\n");
        else stream.end(event({ id: id as number, result: { whole: true } }, "3"));
        return;
      }
      return legacy(({ message }, answer) => {
        id = message.id;
        events(answer).end("id: 1\nretry: 80\ndata:\n\n");
      }, "s")(received, response);
    });
    const { open, observer } = rig(server.url);
    const session = await open();
    const begun = performance.now();
    expect(resultOf(await callTool(session, "x"))).toEqual({ whole: true });
    expect(gets.map(({ from }) => from)).toEqual(["1", Buffer.from("zwölf").toString("latin1")]);
    expect((gets[0]?.at ?? 0) - begun).toBeGreaterThanOrEqual(79);
    expect(calls(server)).toBe(1);
    expect(observer.messages.get("received response")).toBe(2);
  });

  it("fails after a few attempts that bring nothing", async () => {
    let gets = 0;
    const server = await rawServer((received, response) => {
      if (received.method === "GET" && received.headers["last-event-id"] !== undefined) {
        gets++;
        return void response.writeHead(503).end();
      }
      return legacy((_, answer) => void events(answer).end("id: 1\nretry: 1\ndata:\n\n"), "s")(received, response);
    });
    const session = await rig(server.url, {}).open();
    expect(await callTool(session, "x")).toMatchObject({ kind: "failed", maybeExecuted: true });
    expect(gets).toBeGreaterThan(1);
    expect(gets).toBeLessThan(5);
  });

  it("is not asked for any more once the caller gave up", async () => {
    const server = await rawServer(legacy((_, answer) => void events(answer).end("id: 1\nretry: 50\ndata:\n\n"), "s"));
    const platform = fakePlatform();
    const session = await rig(server.url, { platform }).open();
    await expect.poll(() => platform.clock.pendingTimers).toBe(0);
    const controller = new AbortController();
    const reply = callTool(session, "x", { signal: controller.signal });
    await expect.poll(() => platform.clock.pendingTimers).toBe(1);
    controller.abort();
    expect(await reply).toMatchObject({ errorType: "aborted", maybeExecuted: true });
    await expect.poll(server.methods).toContain("notifications/cancelled");
    // Neither the answer is waited for nor the end of the cancellation.
    await expect.poll(() => platform.clock.pendingTimers).toBe(0);
  });

  it("is not sent again when the session is gone by the time it is taken up", async () => {
    const forgetful = new ForgetfulServer();
    const server = await rawServer((received, response) => {
      if (received.message.method !== "tools/call") return forgetful.handler(received, response);
      forgetful.known.clear();
      events(response).end("id: 1\nretry: 1\ndata:\n\n");
    });
    const session = await rig(server.url).open();
    expect(await callTool(session, "x")).toMatchObject({
      kind: "failed",
      errorType: "connection",
      maybeExecuted: true,
    });
    expect(calls(server)).toBe(1);
  });
});
