import { poll } from "@mcp-hangar/testing";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { SSEClientTransport } from "@modelcontextprotocol/sdk/client/sse.js";
import { expect, test } from "vitest";
import { followFromStart } from "../src/harness/event-follower.ts";
import { type GatewayConfig, startGateway } from "../src/harness/gateway-process.ts";
import { connect } from "../src/harness/mcp-client.ts";
import { rest } from "../src/harness/rest.ts";
import { bearer, startSecuredGateway } from "../src/harness/secured-gateway.ts";
import { EVERYTHING, nodeServer, startEverythingOverSse } from "../src/harness/upstreams.ts";

/** The tool that can be called as a task only, which the gateway does not list. */
const TASK_ONLY = "simulate-research-query";
const piped: GatewayConfig["mcp_servers"] = { piped: nodeServer(EVERYTHING) };

/** The official client of SDK v1 over HTTP+SSE; disposing leaves. */
async function older(url: string, headers: Readonly<Record<string, string>> = {}) {
  const client = new Client({ name: "older", version: "1.0.0" });
  const requestInit = { headers: { ...headers } };
  await client.connect(
    new SSEClientTransport(new URL(url), {
      requestInit,
      eventSourceInit: { fetch: (input, init) => fetch(input, { ...init, headers: { ...init.headers, ...headers } }) },
    }),
  );
  return Object.assign(client, { [Symbol.asyncDispose]: () => client.close() });
}

test("server-everything over HTTP+SSE does behind the gateway what it does directly, and comes back after a restart", async () => {
  await using first = await startEverythingOverSse();
  const endpoint = first.url;
  await using gateway = await startGateway({
    mcp_servers: { everything: { mode: "remote", endpoint, call_timeout_s: 60 } },
  });
  await using direct = await older(endpoint);
  await using ours = await connect("sdk v1", gateway.mcpUrl("everything"));
  const names = async (): Promise<readonly string[]> => (await ours.tools()).map(({ name }) => name).sort();
  const expected = (await direct.listTools()).tools.map(({ name }) => name).filter((name) => name !== TASK_ONLY);
  await poll("the tools", async () => (await names()).length >= expected.length);
  expect(await names()).toEqual(expect.arrayContaining(expected));
  const echo = { name: "echo", arguments: { message: "Grüße" } };
  expect((await ours.call(echo.name, echo.arguments)).content).toEqual((await direct.callTool(echo)).content);
  const heard: number[] = [];
  await ours.call(
    "trigger-long-running-operation",
    { duration: 1, steps: 4 },
    { onprogress: ({ progress }) => void heard.push(progress) },
  );
  expect(heard).toEqual([1, 2, 3, 4]);
  expect(await ours.read("demo://resource/static/document/features.md")).toHaveLength(1);

  const late = ours.call("trigger-long-running-operation", { duration: 60, steps: 2 });
  await poll("the call", async () => {
    const view = await rest(gateway, "GET", "/api/mcp_servers/everything");
    return view.json().in_flight === 1;
  });
  first.kill("SIGKILL");
  await expect(late).rejects.toMatchObject({ data: { may_have_run: true, error_type: "connection" } });
  await using _second = await startEverythingOverSse(Number(new URL(endpoint).port));
  await poll("an answer", async () => {
    const answer = await ours.call(echo.name, echo.arguments).catch(() => undefined);
    return answer !== undefined;
  });
}, 180_000);

test("old clients reach every endpoint over HTTP+SSE where that is switched on, and nothing where it is not", async () => {
  await using gateway = await startGateway({ mcp_servers: piped, mcp: { http_sse: true } });
  await using plain = await startGateway({ mcp_servers: piped });
  for (const path of ["/sse", "/servers/piped/sse", "/manage/sse"]) {
    await expect(older(plain.url + path)).rejects.toThrow("404");
  }
  await using following = await followFromStart(gateway.url);
  await using one = await older(`${gateway.url}/servers/piped/sse`);
  await using all = await older(`${gateway.url}/sse`);
  await using manage = await older(`${gateway.url}/manage/sse`);
  const echo = { message: "Grüße" };
  const text = [{ type: "text", text: "Echo: Grüße" }];
  expect((await one.callTool({ name: "echo", arguments: echo })).content).toEqual(text);
  expect((await all.callTool({ name: "piped__echo", arguments: echo })).content).toEqual(text);
  expect((await manage.listTools()).tools.map(({ name }) => name)).toContain("hangar_status");
  const heard: number[] = [];
  await one.callTool({ name: "trigger-long-running-operation", arguments: { duration: 1, steps: 3 } }, undefined, {
    onprogress: ({ progress }) => void heard.push(progress),
  });
  // The client drops progress that comes together with the answer.
  expect(heard.slice(0, 2)).toEqual([1, 2]);
  const count = (type: string): number => following.events.filter((event) => event.type === type).length;
  await poll("three sessions", () => count("session.opened") === 3);
  await all.close();
  await poll("the end of one", () => count("session.closed") === 1);
  // What newer clients try first is refused in the way that sends them on to HTTP+SSE.
  const tried = await fetch(`${gateway.url}/sse`, { method: "POST", body: "{}" });
  expect(tried.status).toBe(405);
  expect(tried.headers.get("allow")).toBe("GET, HEAD, OPTIONS");
  const unknown = await fetch(`${gateway.url}/servers/nobody/sse`, { headers: { accept: "text/event-stream" } });
  expect(unknown.status).toBe(404);
}, 180_000);

test("over HTTP+SSE callers say who they are, with the stream and with every message", async () => {
  await using secured = await startSecuredGateway({ mcp_servers: piped, mcp: { http_sse: true } });
  const { gateway } = secured;
  const [ann, bob] = [await secured.keyFor("ann", "agent"), await secured.keyFor("bob", "agent")];
  await expect(older(`${gateway.url}/sse`)).rejects.toThrow("401");
  await using client = await older(`${gateway.url}/sse`, bearer(ann));
  expect((await client.callTool({ name: "piped__echo", arguments: { message: "x" } })).isError).not.toBe(true);

  const left = new AbortController();
  const opened = await fetch(`${gateway.url}/sse`, { headers: bearer(ann), signal: left.signal });
  const reader = opened.body?.pipeThrough(new TextDecoderStream()).getReader();
  const path = /data: (\S+)/.exec((await reader?.read())?.value ?? "")?.[1] ?? "";
  const post = async (headers: Readonly<Record<string, string>>, more: Readonly<Record<string, string>> = {}) => {
    const body = JSON.stringify({ jsonrpc: "2.0", id: 1, method: "tools/list" });
    const response = await fetch(gateway.url + path, {
      method: "POST",
      headers: { "content-type": "application/json", ...headers, ...more },
      body,
    });
    await response.text();
    return response.status;
  };
  expect(await post({})).toBe(401);
  expect(await post(bearer(bob))).toBe(404);
  expect(await post(bearer(ann), { origin: "https://evil.example" })).toBe(403);
  expect(await post(bearer(ann), { "content-type": "text/plain" })).toBe(415);
  expect(await post(bearer(ann))).toBe(202);
  left.abort();
  await poll("the end of the session", async () => (await post(bearer(ann))) === 404);
  expect((await rest(gateway, "GET", "/api/mcp_servers/piped", { headers: bearer(secured.admin) })).status).toBe(200);
}, 180_000);
