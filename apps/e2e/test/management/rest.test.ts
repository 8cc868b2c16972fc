import { request } from "node:http";
import { poll } from "@mcp-hangar/testing";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type HttpGateway, startGateway } from "../../src/harness/gateway-process.ts";
import { type RestAnswer, rest } from "../../src/harness/rest.ts";
import { EVERYTHING, nodeServer } from "../../src/harness/upstreams.ts";
import { fixtureFile } from "../../src/harness/workspace.ts";

const MISSING = "/nowhere/server.js";

let gateway: HttpGateway;

beforeAll(async () => {
  gateway = await startGateway({
    mcp_servers: {
      everything: nodeServer(EVERYTHING),
      own: { ...nodeServer(fixtureFile("misbehaving/stdio.ts")), call_timeout_s: 1 },
      broken: { ...nodeServer(MISSING), max_consecutive_failures: 1 },
      spare: nodeServer(EVERYTHING),
      pool: { mode: "group", members: [{ id: "everything" }, { id: "spare" }] },
    },
    http: { max_body_bytes: 100_000 },
  });
});

afterAll(async () => {
  await gateway?.[Symbol.asyncDispose]();
});

const get = (path: string): Promise<RestAnswer> => rest(gateway, "GET", path);
const post = (path: string, body?: unknown, headers?: Record<string, string>): Promise<RestAnswer> =>
  rest(gateway, "POST", path, { body, ...(headers && { headers }) });
const stateOf = async (id: string): Promise<unknown> => (await get(`/api/mcp_servers/${id}`)).json().state;
const problem = (answer: RestAnswer): unknown => [answer.status, answer.json().error];

describe("a server", () => {
  test("is started, checked, measured and stopped, and starts again with a call", async () => {
    const started = await post("/api/mcp_servers/everything/start");
    expect(started.json()).toMatchObject({ id: "everything", state: "ready", origin: "config", group: "pool" });
    expect(Number(started.json().elapsed_ms)).toBeGreaterThan(0);
    const ready = (await get("/api/mcp_servers?state=ready")).json().mcp_servers;
    expect(ready).toMatchObject([{ id: "everything" }, { id: "pool", mode: "group" }]);
    const checked = await post("/api/mcp_servers/everything/check");
    expect(checked.json()).toMatchObject({ result: "healthy", message: null, state: "ready" });
    const page = await gateway.metrics();
    expect(page.sum("mcp_hangar_health_checks_total", { mcp_server: "everything", result: "healthy" })).toBe(1);
    expect((await post("/api/mcp_servers/everything/stop")).json()).toMatchObject({ state: "cold" });
    expect((await post("/api/mcp_servers/everything/check")).json()).toMatchObject({ result: "skipped" });
    const called = await post("/api/mcp_servers/everything/tools/echo/call", { arguments: { message: "again" } });
    expect(called.json()).toMatchObject({ is_error: false, result: { content: [{ text: "Echo: again" }] } });
    expect(await stateOf("everything")).toBe("ready");
    expect((await get("/api/mcp_servers/everything/metrics")).json()).toMatchObject({
      calls: { total: 1, success: 1 },
      error_rate: 0,
      latency_ms: { samples: 1 },
    });
  });

  test("that cannot start says why and what to do, in every place that is asked", async () => {
    const started = await post("/api/mcp_servers/broken/start");
    expect(problem(started)).toMatchObject([503, { code: "start_failed", message: expect.stringContaining(MISSING) }]);
    expect((await get("/api/mcp_servers/broken")).json()).toMatchObject({
      state: "dead",
      up: false,
      consecutive_failures: 1,
      last_error: expect.stringContaining(MISSING),
    });
    expect((await post("/api/mcp_servers/broken/check")).json()).toMatchObject({
      result: "unhealthy",
      message: expect.stringContaining(MISSING),
    });
    expect((await get("/api/system/health")).json()).toMatchObject({ status: "degraded" });
    expect((await get("/api/mcp_servers/broken/tools")).status).toBe(503);
  });

  test("lists its tools with their schemas, started for it if need be", async () => {
    await post("/api/mcp_servers/spare/stop");
    const { tools } = (await get("/api/mcp_servers/spare/tools")).json() as { tools: readonly { name: string }[] };
    expect(tools.find(({ name }) => name === "get-sum")).toMatchObject({ inputSchema: { required: ["a", "b"] } });
  });
});

describe("warming", () => {
  test("starts several at the same time, and one that fails stops no other", async () => {
    const warmed = await post("/api/warm", { servers: ["own", "broken", "own"], max_concurrency: 2 });
    expect(warmed.json()).toMatchObject({ started: 1, failed: 1 });
    expect(warmed.json().results).toHaveLength(2);
    expect(await stateOf("own")).toBe("ready");
  });

  test("starts all when none is named", async () => {
    expect((await post("/api/warm")).json()).toMatchObject({ started: 3, failed: 1 });
  });

  test("starts nothing when one does not exist", async () => {
    await post("/api/mcp_servers/own/stop");
    expect(problem(await post("/api/warm", { servers: ["own", "nope"] }))).toMatchObject([404, {}]);
    expect(await stateOf("own")).toBe("cold");
  });
});

describe("calling a tool", () => {
  const call = (tool: string, body: object = {}): Promise<RestAnswer> =>
    post(`/api/mcp_servers/own/tools/${tool}/call`, body);

  test("answers what it answered, failure of the tool included", async () => {
    expect((await call("echo", { arguments: { n: 1 } })).json()).toMatchObject({
      server: "own",
      tool: "echo",
      is_error: false,
      result: { content: [{ text: '{"n":1}' }] },
    });
    expect((await call("is_error")).json()).toMatchObject({ is_error: true, result: { isError: true } });
  });

  test.each([
    ["silence", { timeout_s: 0.2 }, 504, "timeout"],
    ["no_such_tool", {}, 404, "unknown_tool"],
    ["crash", {}, 502, "connection"],
    ["rpc_error", {}, 502, "upstream_error"],
  ])("%s fails with %j as %d %s", async (tool, body, status, code) => {
    const answer = await call(tool, body);
    expect([answer.status, answer.text]).toEqual([status, expect.stringContaining(`"code":"${code}"`)]);
  });

  test("carries the trace on", async () => {
    const traceparent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    const answer = await post("/api/mcp_servers/own/tools/meta/call", {}, { traceparent });
    expect(answer.text).toContain(traceparent.slice(3, 35));
  });

  test("a client that leaves cancels its call", async () => {
    const before = await gateway.metrics();
    const cancelled = { mcp_server: "own", tool: "silence", status: "cancelled" };
    const outgoing = request(`${gateway.url}/api/mcp_servers/own/tools/silence/call`, { method: "POST" });
    outgoing.on("error", () => {});
    outgoing.end();
    await poll("the call to be in flight", async () => (await get("/api/mcp_servers/own")).json().in_flight === 1);
    outgoing.destroy();
    await poll("the call to be counted as cancelled", async () => {
      const page = await gateway.metrics();
      const name = "mcp_hangar_tool_calls_total";
      return page.sum(name, cancelled) === before.sum(name, cancelled) + 1;
    });
  });
});

describe("a batch", () => {
  test("over REST is the same as hangar_call", async () => {
    const calls = [
      { server: "own", tool: "echo", id: "one" },
      { server: "own", tool: "no_such_tool" },
    ];
    const answer = await post("/api/batch", { calls });
    expect(answer.status).toBe(200);
    expect(answer.json()).toMatchObject({ total: 2, succeeded: 1, failed: 1, results: [{ id: "one" }, {}] });
    const wrong = await post("/api/batch", { calls: [{ server: "own" }] });
    expect(problem(wrong)).toMatchObject([
      400,
      { code: "validation_error", batch_id: expect.any(String), problems: [{ field: "calls.0.tool" }] },
    ]);
  });

  test("keeps large results for whoever asked", async () => {
    const batch = await post("/api/batch", { calls: [{ server: "own", tool: "big" }] });
    const [item] = batch.json().results as readonly { truncated: { continuation_id: string; total_chars: number } }[];
    const path = `/api/continuations/${item?.truncated.continuation_id}`;
    const page = await get(`${path}?offset=10&limit=5`);
    expect(page.json()).toMatchObject({ offset: 10, next_offset: 15, total_chars: item?.truncated.total_chars });
    expect((await rest(gateway, "DELETE", path)).json()).toMatchObject({ deleted: true });
    expect(problem(await get(path))).toMatchObject([404, { code: "unknown_continuation" }]);
  });
});

describe("a group", () => {
  const rotation = (server: string, value: boolean): Promise<RestAnswer> =>
    rest(gateway, "PUT", `/api/groups/pool/members/${server}/rotation`, { body: { in_rotation: value } });

  test("shows its members, and keeps calls away from one that is taken out", async () => {
    expect((await get("/api/groups")).json()).toMatchObject({ groups: [{ id: "pool", in_rotation: 2 }] });
    expect((await rotation("spare", false)).json()).toMatchObject({
      in_rotation: 1,
      members: [
        { id: "everything", in_rotation: true },
        { id: "spare", in_rotation: false, out_because: "taken_out" },
      ],
    });
    await rotation("everything", false);
    const refused = await post("/api/mcp_servers/pool/tools/echo/call", { arguments: { message: "x" } });
    expect(problem(refused)).toMatchObject([503, { code: "circuit_open" }]);
    await rotation("everything", true);
    await rotation("spare", true);
    expect((await get("/api/groups/pool")).json()).toMatchObject({ in_rotation: 2 });
    const called = await post("/api/mcp_servers/pool/tools/echo/call", { arguments: { message: "x" } });
    expect(called.json()).toMatchObject({ is_error: false });
  });

  test("is no server, and has no other members than its own", async () => {
    expect(problem(await post("/api/mcp_servers/pool/start"))).toMatchObject([
      409,
      { code: "is_group", message: expect.stringContaining("everything, spare") },
    ]);
    expect(problem(await rotation("own", false))).toMatchObject([404, { code: "unknown_member" }]);
    expect((await get("/api/mcp_servers/pool")).json()).toMatchObject({
      mode: "group",
      members: ["everything", "spare"],
    });
  });
});

describe("a request that changes something", () => {
  const path = "/api/mcp_servers/everything/stop";

  test.each([
    ["a form of a page", { "content-type": "application/x-www-form-urlencoded" }, 415],
    ["text of a page", { "content-type": "text/plain" }, 415],
    ["a page elsewhere", { "content-type": "application/json", origin: "https://evil.example" }, 403],
    ["a sandboxed page", { "content-type": "application/json", origin: "null" }, 403],
    ["something compressed", { "content-type": "application/json", "content-encoding": "gzip" }, 415],
  ])("from %s is refused", async (_from, headers, status) => {
    await post("/api/mcp_servers/everything/start");
    const answer = await rest(gateway, "POST", path, { body: "{}", headers });
    expect(answer.status).toBe(status);
    expect(await stateOf("everything")).toBe("ready");
  });

  test.each([
    ["no JSON", "{", 400],
    ["no object", "[]", 400],
    ["too large", JSON.stringify({ x: "y".repeat(100_000) }), 413],
  ])("whose body is %s is refused", async (_what, body, status) => {
    expect((await post(path, body)).status).toBe(status);
  });
});

test("a call over REST that runs when the gateway stops is answered first", async () => {
  const own = await startGateway({ mcp_servers: { own: nodeServer(fixtureFile("misbehaving/stdio.ts")) } });
  const path = "/api/mcp_servers/own/tools/sleep/call";
  const answer = rest(own, "POST", path, { body: { arguments: { ms: 1_000 } } });
  const details = "/api/mcp_servers/own";
  await poll("the call to run", async () => (await rest(own, "GET", details)).json().in_flight === 1);
  await own.stop();
  expect((await answer).json()).toMatchObject({ is_error: false });
});
