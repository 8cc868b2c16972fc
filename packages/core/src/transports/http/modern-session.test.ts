import { describe, expect, it } from "vitest";
import { callTool, request, resultOf, rig } from "../../../test/http/open-session.ts";
import { event, events, json, MODERN_RESULT, modern, rawServer, result } from "../../../test/http/raw-server.ts";
import type { JsonRpcNotification } from "../../protocol/json-rpc.ts";
import { fakePlatform } from "../../testing/fake-platform.ts";

const TRACE = { traceparent: "00-11111111111111111111111111111111-2222222222222222-01" };
const HOP = {
  "io.modelcontextprotocol/protocolVersion": "2026-07-28",
  "io.modelcontextprotocol/clientInfo": { name: "hangar-test", version: "1.2.3" },
  "io.modelcontextprotocol/clientCapabilities": {},
};
const LISTENING = {
  ...MODERN_RESULT,
  capabilities: { tools: { listChanged: true }, resources: { listChanged: true } },
};

describe("a modern session", () => {
  it("routes by headers, encodes names that headers cannot carry, and has no session id", async () => {
    const server = await rawServer(modern((received, response) => result(received, response, {})));
    const session = await rig(server.url).open();
    await callTool(session, "größe", { trace: TRACE });
    await request(session, "resources/read", { params: { uri: "file:///a b" } });
    await request(session, "prompts/get", { params: { name: "p" } });
    await request(session, "tools/list");
    const sent = server.received.slice(1).map(({ headers }) => [headers["mcp-method"], headers["mcp-name"]]);
    expect(sent).toEqual([
      ["tools/call", `=?base64?${Buffer.from("größe").toString("base64")}?=`],
      ["resources/read", "file:///a b"],
      ["prompts/get", "p"],
      ["tools/list", undefined],
    ]);
    const call = server.received[1];
    expect(call?.headers).toMatchObject({ "mcp-protocol-version": "2026-07-28", ...TRACE });
    expect(call?.headers).not.toHaveProperty("mcp-session-id");
    expect(call?.message.params).toEqual({ name: "größe", arguments: {}, _meta: { ...HOP, ...TRACE } });
  });

  it("repeats arguments as headers where the listed schema asks for it", async () => {
    const inputSchema = { type: "object", properties: { region: { type: "string", "x-mcp-header": "Region" } } };
    const server = await rawServer(
      modern((received, response) =>
        result(
          received,
          response,
          received.message.method === "tools/list" ? { tools: [{ name: "x", inputSchema }] } : {},
        ),
      ),
    );
    const session = await rig(server.url).open();
    await request(session, "tools/list");
    await callTool(session, "x", { arguments: { region: "eu" } });
    expect(server.received.at(-1)?.headers).toMatchObject({ "mcp-param-region": "eu" });
  });

  it("cancels by closing the response, and by nothing else", async () => {
    let closed = false;
    const server = await rawServer(
      modern((_, response) => {
        response.on("close", () => {
          closed = true;
        });
        events(response);
      }),
    );
    const session = await rig(server.url).open();
    const controller = new AbortController();
    const reply = callTool(session, "x", { signal: controller.signal });
    await expect.poll(server.methods).toContain("tools/call");
    controller.abort();
    expect(await reply).toMatchObject({ errorType: "aborted", maybeExecuted: true });
    await expect.poll(() => closed).toBe(true);
    expect(server.methods()).toEqual(["server/discover", "tools/call"]);
  });

  it.each([
    [404, { code: -32601, message: "Method not found" }],
    [400, { code: -32021, message: "capability", data: { requiredCapabilities: { sampling: {} } } }],
    [400, { code: -32602, message: "params" }],
  ])("takes the JSON-RPC error in an HTTP %i for the answer", async (status, error) => {
    const server = await rawServer(
      modern(({ message }, response) => json(response, status, { jsonrpc: "2.0", id: message.id, error })),
    );
    const { open, observer } = rig(server.url);
    expect(await callTool(await open(), "x")).toEqual({ kind: "error", error });
    expect(observer.messages.get("received error")).toBe(1);
  });

  it("ignores requests of the server, which this era forbids", async () => {
    const server = await rawServer(
      modern(({ message }, response) => {
        const stream = events(response);
        stream.write(event({ id: 1, method: "sampling/createMessage" }));
        stream.end(event({ id: message.id, result: { fine: true } }));
      }),
    );
    const session = await rig(server.url).open();
    expect(resultOf(await callTool(session, "x"))).toEqual({ fine: true });
    expect(server.methods()).toEqual(["server/discover", "tools/call"]);
  });

  it("sends notifications with what the era demands", async () => {
    const server = await rawServer(modern((_, response) => void response.writeHead(202).end()));
    const session = await rig(server.url).open();
    session.notify({ method: "notifications/x", params: { a: 1 } });
    await expect
      .poll(() => server.received.at(-1)?.message)
      .toEqual({
        jsonrpc: "2.0",
        method: "notifications/x",
        params: { a: 1, _meta: HOP },
      });
    expect(server.received.at(-1)?.headers["mcp-method"]).toBe("notifications/x");
  });

  it("gives everything on a subscription that a caller opened to that caller", async () => {
    const changed = { method: "notifications/tools/list_changed", params: { _meta: { x: 1 } } };
    const server = await rawServer(modern((_, response) => void events(response).write(event(changed))));
    const { open, observer } = rig(server.url);
    const session = await open();
    const seen: JsonRpcNotification[] = [];
    const controller = new AbortController();
    const params = { notifications: { toolsListChanged: true } };
    const onNotification = (n: JsonRpcNotification): void => void seen.push(n);
    const reply = request(session, "subscriptions/listen", { params, onNotification, signal: controller.signal });
    await expect.poll(() => seen).toEqual([changed]);
    controller.abort();
    await reply;
    expect(observer.notifications).toEqual([]);
  });
});

describe("the background subscription of a modern session", () => {
  it("asks for what the server announces and hands the news on without the subscription's id", async () => {
    const server = await rawServer(
      modern((_, response) => {
        const stream = events(response);
        const _meta = { "io.modelcontextprotocol/subscriptionId": "hangar-listen" };
        stream.write(
          event({ method: "notifications/subscriptions/acknowledged", params: { _meta, notifications: {} } }),
        );
        stream.write(event({ method: "notifications/tools/list_changed", params: { _meta: { ..._meta, y: 1 } } }));
      }, LISTENING),
    );
    const { open, observer } = rig(server.url);
    await open();
    await expect
      .poll(() => observer.notifications)
      .toEqual([{ method: "notifications/tools/list_changed", params: { _meta: { y: 1 } } }]);
    const listen = server.received.at(-1);
    expect(listen?.headers["mcp-method"]).toBe("subscriptions/listen");
    expect(listen?.message.params).toEqual({
      notifications: { toolsListChanged: true, resourcesListChanged: true },
      _meta: HOP,
    });
  });

  it("comes back after it broke, later each time, and then declares the lists stale", async () => {
    const platform = fakePlatform();
    let listens = 0;
    const server = await rawServer(
      modern((_, response) => {
        listens++;
        if (listens === 2) response.writeHead(503).end();
        else events(response).end();
      }, LISTENING),
    );
    const { open, observer } = rig(server.url, { platform });
    const session = await open();
    await expect.poll(() => platform.clock.pendingTimers).toBe(1);
    expect(observer.notifications).toEqual([]);

    platform.clock.advance(1_000);
    await expect.poll(() => platform.clock.pendingTimers).toBe(1);
    expect(listens).toBe(2);
    expect(observer.notifications).toEqual([]);

    platform.clock.advance(999);
    expect(platform.clock.pendingTimers).toBe(1);
    platform.clock.advance(1_001);
    await expect
      .poll(() => observer.notifications.map(({ method }) => method))
      .toEqual(["notifications/tools/list_changed", "notifications/resources/list_changed"]);
    expect(listens).toBe(3);
    await expect.poll(() => platform.clock.pendingTimers).toBe(1);
    await session.close();
    expect(platform.clock.pendingTimers).toBe(0);
  });

  it.each([400, 404, 405])("is given up for good when the server answers it with HTTP %i", async (status) => {
    const platform = fakePlatform();
    const server = await rawServer(modern((_, response) => void response.writeHead(status).end(), LISTENING));
    const { open, events: counted } = rig(server.url, { platform });
    await open();
    await expect.poll(() => counted.map((one) => one.status)).toEqual(["200", String(status)]);
    expect(platform.clock.pendingTimers).toBe(0);
  });
});

describe("a stream that stays open after the answer", () => {
  it("is cut off after a grace time, and only then", async () => {
    const platform = fakePlatform();
    const server = await rawServer(
      modern(({ message }, response) => void events(response).write(event({ id: message.id, result: {} }))),
    );
    const session = await rig(server.url, { platform }).open();
    expect((await callTool(session, "x")).kind).toBe("result");
    platform.clock.advance(999);
    expect(session.connections()).toBe(2);
    platform.clock.advance(1);
    await expect.poll(() => session.connections()).toBe(1);
    expect(platform.clock.pendingTimers).toBe(0);
  });

  it("is cut off earlier when such streams take up half of the sockets", async () => {
    const server = await rawServer(
      modern(({ message }, response) => void events(response).write(event({ id: message.id, result: {} }))),
    );
    const limits = { connectionsMax: 4 };
    const session = await rig(server.url, { platform: fakePlatform(), context: { limits } }).open();
    for (let i = 0; i < 20; i++) expect((await callTool(session, "x")).kind).toBe("result");
  });

  it("does not keep its socket from the next request when it ends right away", async () => {
    const server = await rawServer(
      modern(({ message }, response) => void events(response).end(event({ id: message.id, result: {} }))),
    );
    const session = await rig(server.url).open();
    for (let i = 0; i < 20; i++) expect((await callTool(session, "x")).kind).toBe("result");
    expect(server.sockets()).toBeLessThan(4);
  });
});
