import { poll } from "@mcp-hangar/testing";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type HttpGateway, startGateway } from "../src/harness/gateway-process.ts";
import { connect } from "../src/harness/mcp-client.ts";
import { EVERYTHING, type HttpUpstream, nodeServer, startFixture } from "../src/harness/upstreams.ts";
import { modernRequest, openLegacySession, post, textOf } from "../src/harness/wire-client.ts";
import { fixtureFile } from "../src/harness/workspace.ts";

const STDIO = fixtureFile("misbehaving/stdio.ts");

let http: HttpUpstream;
let gateway: HttpGateway;

beforeAll(async () => {
  http = await startFixture("misbehaving/http.ts");
  gateway = await startGateway({
    mcp_servers: {
      piped: nodeServer(STDIO),
      changing: nodeServer(STDIO),
      cancelling: nodeServer(STDIO),
      cancelling_http: { mode: "remote", endpoint: http.url },
      remote: { mode: "remote", endpoint: http.url },
      everything: nodeServer(EVERYTHING),
    },
  });
});

afterAll(async () => {
  await gateway?.[Symbol.asyncDispose]();
  await http?.[Symbol.asyncDispose]();
});

describe.each(["piped", "remote"])("what the gateway relays from the server %s", (server) => {
  test("an id comes back with its own type", async () => {
    const session = await openLegacySession(gateway.mcpUrl(server));
    const call = { name: "ok", arguments: {} };
    const ids = [1, "1", "", 0, -7, 'a"b\n'];
    const answers = await Promise.all(ids.map((id) => session.request("tools/call", call, { id })));
    expect(answers.map(({ message }) => message.id)).toEqual(ids);
    for (const { message } of answers)
      expect(message.result).toMatchObject({ content: [{ type: "text", text: "ok" }] });
  });

  test("arguments arrive exactly, whatever they are called", async () => {
    const session = await openLegacySession(gateway.mcpUrl(server));
    const args = {
      nested: { list: [1, 2.5, -0.001, 1e21, true, null, "\u2028\ud83d\ude00"] },
      constructor: "not a function",
      toString: 1,
      "": "empty name",
      isError: true,
      error: { code: 1 },
    };
    const { message } = await session.request("tools/call", { name: "echo", arguments: args });
    expect(JSON.parse(textOf(message))).toEqual(args);
  });

  test("a 100 KB result arrives whole", async () => {
    const session = await openLegacySession(gateway.mcpUrl(server));
    const { message } = await session.request("tools/call", { name: "big", arguments: {} });
    expect(message.result).toMatchObject({ content: [{ type: "text", text: "x".repeat(100_000) }] });
  });

  test("an upstream's error passes with its code, message and data", async () => {
    const session = await openLegacySession(gateway.mcpUrl(server));
    const { message } = await session.request("tools/call", { name: "rpc_error", arguments: {} });
    expect(message.error).toEqual({ code: -32_050, message: "refused by the upstream", data: { detail: "verbatim" } });
  });

  test("a modern client of a legacy server gets complete results", async () => {
    const { status, message } = await modernRequest(gateway.mcpUrl(server), "tools/call", {
      name: "ok",
      arguments: {},
    });
    expect(status).toBe(200);
    expect(message.result).toMatchObject({ resultType: "complete", content: [{ type: "text", text: "ok" }] });
    const listed = await modernRequest(gateway.mcpUrl(server), "tools/list");
    expect(listed.message.result).toMatchObject({ resultType: "complete", ttlMs: expect.any(Number) });
    expect(["public", "private"]).toContain(listed.message.result?.cacheScope);
  });

  test("many calls at once get each its own answer", async () => {
    const session = await openLegacySession(gateway.mcpUrl(server));
    const calls = Array.from({ length: 60 }, async (_each, index) => {
      const { message } = await session.request("tools/call", { name: "echo", arguments: { index } });
      return message.result?.content;
    });
    expect(await Promise.all(calls)).toEqual(
      Array.from({ length: 60 }, (_each, index) => [{ type: "text", text: JSON.stringify({ index }) }]),
    );
  });
});

test("an expired upstream session is opened anew and the call answered", async () => {
  const session = await openLegacySession(gateway.mcpUrl("remote"));
  await session.request("tools/call", { name: "forget_session", arguments: {} });
  const { message } = await session.request("tools/call", { name: "ok", arguments: {} });
  expect(message.result).toMatchObject({ content: [{ type: "text", text: "ok" }] });
});

test.each(["cancelling", "cancelling_http"])("a cancellation reaches the server %s", async (server) => {
  const session = await openLegacySession(gateway.mcpUrl(server));
  await session.request("tools/call", { name: "ok", arguments: {} });
  const hangUp = new AbortController();
  const call = { name: "silence", arguments: {} };
  const pending = session.request("tools/call", call, { id: "c1", signal: hangUp.signal }).catch(() => {});
  await poll("the upstream to have the call", async () => {
    // The call that asks is open itself.
    const { message } = await session.request("tools/call", { name: "open", arguments: {} });
    return textOf(message) === "2";
  });
  await session.notify("notifications/cancelled", { requestId: "c1" });
  await poll("the upstream to hear of it", async () => {
    const { message } = await session.request("tools/call", { name: "cancelled", arguments: {} });
    return JSON.stringify(message.result).includes('"1"');
  });
  hangUp.abort();
  await pending;
});

test("a changed tool list reaches clients of the server and of the aggregate, once it changed", async () => {
  await using own = await connect("sdk v1", gateway.mcpUrl("changing"));
  await using all = await connect("sdk v2 legacy", gateway.mcpUrl());
  const before = (await own.tools()).length;
  await all.tools();
  const heard = (): number[] =>
    [own, all].map(({ notifications }) => notifications.filter(({ method }) => method === CHANGED).length);
  const unheard = heard();
  await own.call("add_tool");
  await poll("list_changed at both clients", () => heard().every((count, index) => count > Number(unheard[index])));
  expect((await own.tools()).map(({ name }) => name)).toContain("added_later");
  expect((await own.tools()).length).toBe(before + 1);
  expect((await all.tools()).map(({ name }) => name)).toContain("changing__added_later");
});

const CHANGED = "notifications/tools/list_changed";

test("log messages of a server reach a legacy client from the level that it set", async () => {
  await using client = await connect("sdk v1", gateway.mcpUrl("everything"));
  const heard = (document: string): boolean =>
    client.notifications.some(
      ({ method, params }) => method === "notifications/message" && JSON.stringify(params).includes(document),
    );
  // On each subscription server-everything logs, at the level info, what was subscribed to.
  await client.setLogLevel("error");
  await client.subscribe("demo://resource/static/document/features.md");
  await client.setLogLevel("debug");
  await client.subscribe("demo://resource/static/document/architecture.md");
  await poll("the log message about the second subscription", () => heard("architecture.md"));
  expect(heard("features.md")).toBe(false);
});

test("an unknown server's endpoint is 404, an unknown session 404, a missing one 400", async () => {
  const list = { jsonrpc: "2.0", id: 1, method: "tools/list" };
  const nowhere = await fetch(gateway.mcpUrl("nowhere"), { method: "POST", body: JSON.stringify(list) });
  expect(nowhere.status).toBe(404);
  const headers = { "mcp-session-id": "no-such-session" };
  expect(await post(gateway.mcpUrl(), list, { headers })).toMatchObject({ status: 404, message: { error: {} } });
  expect(await post(gateway.mcpUrl(), list)).toMatchObject({ status: 400, message: { error: {} } });
});

test("header and body of a modern request must agree, and the revision must be known", async () => {
  const call = { name: "ok", arguments: {} };
  const mismatched = await modernRequest(gateway.mcpUrl("piped"), "tools/call", call, {
    headers: { "mcp-name": "echo" },
  });
  expect(mismatched).toMatchObject({ status: 400, message: { error: { code: -32_020 } } });
  const _meta = { "io.modelcontextprotocol/protocolVersion": "2099-01-01" };
  const headers = { "mcp-protocol-version": "2099-01-01" };
  const unknown = await modernRequest(gateway.mcpUrl("piped"), "tools/list", { _meta }, { headers });
  expect(unknown).toMatchObject({ status: 400, message: { error: { code: -32_022 } } });
  expect(unknown.message.error?.data).toMatchObject({ supported: expect.arrayContaining(["2026-07-28"]) });
  const method = await modernRequest(gateway.mcpUrl("piped"), "no/such/method");
  expect(method).toMatchObject({ status: 404, message: { error: { code: -32_601 } } });
});
