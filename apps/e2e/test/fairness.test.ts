import { request } from "node:http";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { followFromStart } from "../src/harness/event-follower.ts";
import { type HttpGateway, startGateway } from "../src/harness/gateway-process.ts";
import { rest } from "../src/harness/rest.ts";
import { bearer, startSecuredGateway } from "../src/harness/secured-gateway.ts";
import { EVERYTHING, nodeServer, startFixture } from "../src/harness/upstreams.ts";
import { modernRequest, openLegacySession, type RpcAnswer, textOf } from "../src/harness/wire-client.ts";

describe("a caller with hanging calls everywhere", () => {
  test("leaves an idle server and a busy one to another key, also from a batch", async () => {
    await using upstream = await startFixture("misbehaving/http.ts");
    const remote = { mode: "remote", endpoint: upstream.url };
    await using secured = await startSecuredGateway({
      mcp_servers: { a: remote, b: remote, c: remote, d: remote, e: remote, f: remote },
    });
    const { gateway } = secured;
    const [alice, bob] = [await secured.keyFor("alice", "agent"), await secured.keyFor("bob", "agent")];
    const call = (key: string, name: string, args: object = {}, signal?: AbortSignal): Promise<RpcAnswer> =>
      modernRequest(
        gateway.mcpUrl(),
        "tools/call",
        { name, arguments: args },
        { headers: bearer(key), ...(signal && { signal }) },
      );
    // Servers that run, so that what is waited for is a slot.
    for (const id of ["a", "b", "c", "d", "e", "f"])
      expect(textOf((await call(alice, `${id}__ok`)).message)).toBe("ok");
    const leave = new AbortController();
    const hanging = ["a", "b", "c", "d"].flatMap((id) =>
      Array.from({ length: 10 }, () => call(alice, `${id}__silence`, {}, leave.signal)),
    );
    const calls = Array.from({ length: 50 }, () => ({ server: "e", tool: "silence" }));
    hanging.push(call(alice, "hangar_call", { calls, max_concurrency: 50 }, leave.signal));
    const ended = Promise.allSettled(hanging);
    const inFlight = async (): Promise<number> => {
      const answer = await rest(gateway, "GET", "/api/mcp_servers", { headers: bearer(secured.admin) });
      const servers = answer.json().mcp_servers as readonly { readonly in_flight: number }[];
      return servers.reduce((sum, server) => sum + server.in_flight, 0);
    };
    await expect.poll(inFlight, { timeout: 60_000 }).toBe(90);
    for (const id of ["f", "e", "a"]) {
      // Far less than a hanging call takes to time out.
      const answer = await call(bob, `${id}__ok`, {}, AbortSignal.timeout(20_000));
      expect(textOf(answer.message), id).toBe("ok");
    }
    leave.abort();
    await ended;
    await expect.poll(inFlight, { timeout: 60_000 }).toBe(0);
  }, 150_000);
});

describe("a caller with more open requests than its address may have connections", () => {
  test("leaves room for a new connection of another key from there, and for idle ones of its own", async () => {
    await using upstream = await startFixture("misbehaving/http.ts");
    await using secured = await startSecuredGateway({
      http: { max_connections_per_address: 40 },
      mcp_servers: Object.fromEntries(["a", "b", "c"].map((id) => [id, { mode: "remote", endpoint: upstream.url }])),
    });
    const { gateway } = secured;
    const [alice, bob] = [await secured.keyFor("alice", "agent"), await secured.keyFor("bob", "agent")];
    /** The status of the answer to a call on a connection of its own. */
    const call = (key: string, tool: string, signal?: AbortSignal): Promise<number | string> =>
      new Promise((resolve) => {
        const server = ["a", "b", "c"][sent++ % 3];
        const url = `${gateway.url}/api/mcp_servers/${server}/tools/${tool}/call`;
        const headers = { ...bearer(key), "content-type": "application/json" };
        const asked = request(url, { method: "POST", agent: false, headers, ...(signal && { signal }) });
        asked.on("response", (response) => resolve(response.resume().statusCode ?? 0));
        asked.on("error", ({ message }) => resolve(message));
        asked.end("{}");
      });
    let sent = 0;
    expect(await call(alice, "ok")).toBe(200);
    const leave = new AbortController();
    const answers: (number | string)[] = [];
    const hanging = Array.from({ length: 200 }, async () => answers.push(await call(alice, "silence", leave.signal)));
    // Four fifths of the forty hang, and what is beyond is told so, or was driven out by the next.
    await expect.poll(() => answers.length, { timeout: 60_000 }).toBe(200 - 32);
    expect(answers).toContain(503);
    for (let count = 0; count < 20; count++) expect(await call(bob, "ok")).toBe(200);
    leave.abort();
    await Promise.all(hanging);
  }, 150_000);
});

describe("a bucket of one", () => {
  let gateway: HttpGateway;
  let callers = 0;

  beforeAll(async () => {
    gateway = await startGateway({
      mcp_servers: { everything: nodeServer(EVERYTHING) },
      rate_limit: { enabled: true, requests_per_second: 0.001, burst: 1 },
      management: { tools: { allow: ["*"] } },
      // What stands in front of the gateway in these tests says who asks, so that each test has a bucket of its own.
      http: { trusted_proxies: ["127.0.0.1"] },
    });
    await ask(somebody(), "tools/call", { name: "everything__echo", arguments: { message: "started" } });
  });

  afterAll(async () => {
    await gateway?.[Symbol.asyncDispose]();
  });

  function somebody(): Readonly<Record<string, string>> {
    callers += 1;
    return { "x-forwarded-for": `192.0.2.${callers}` };
  }

  function ask(
    headers: Readonly<Record<string, string>>,
    method: string,
    params: Readonly<Record<string, unknown>>,
  ): Promise<RpcAnswer> {
    return modernRequest(gateway.mcpUrl(), method, params, { headers });
  }

  const hits = async (): Promise<number> =>
    (await gateway.metrics()).sum("mcp_hangar_rate_limit_hits_total", { principal: "anonymous" });

  const RESOURCE = "hangar://everything/demo://resource/static/document/features.md";
  test.each([
    ["tools/call", { name: "everything__echo", arguments: { message: "hi" } }],
    ["resources/read", { uri: RESOURCE }],
    ["prompts/get", { name: "everything__simple-prompt" }],
    [
      "completion/complete",
      {
        ref: { type: "ref/prompt", name: "everything__completable-prompt" },
        argument: { name: "department", value: "E" },
      },
    ],
  ])("holds one %s", async (method, params) => {
    const headers = somebody();
    expect((await ask(headers, method, params)).message.error).toBeUndefined();
    const before = await hits();
    const refused = await Promise.all(Array.from({ length: 30 }, () => ask(headers, method, params)));
    for (const { message } of refused) {
      const retry = {
        error_type: "rate_limited",
        retryable: true,
        may_have_run: false,
        retry_after_ms: expect.any(Number),
      };
      expect(message.error?.data).toEqual(retry);
    }
    expect((await hits()) - before).toBe(30);
  });

  test("holds one subscription of a legacy client", async () => {
    const headers = somebody();
    const session = await openLegacySession(gateway.mcpUrl());
    const inSession = (method: string): Promise<RpcAnswer> => session.request(method, { uri: RESOURCE }, { headers });
    expect((await inSession("resources/subscribe")).message.error).toBeUndefined();
    for (const method of ["resources/subscribe", "resources/read"]) {
      expect((await inSession(method)).message.error?.data, method).toMatchObject({ error_type: "rate_limited" });
    }
  });

  test("holds one list that has to be fetched, and any number that are known", async () => {
    const headers = somebody();
    expect((await ask(headers, "resources/templates/list", {})).message.error).toBeUndefined();
    for (let round = 0; round < 5; round++) {
      for (const method of ["tools/list", "resources/templates/list"]) {
        expect((await ask(headers, method, {})).message.error, method).toBeUndefined();
      }
    }
    expect((await ask(headers, "resources/read", { uri: RESOURCE })).message.error?.data).toMatchObject({
      error_type: "rate_limited",
    });
  });

  test.each([
    ["GET", "/api/mcp_servers", undefined],
    ["GET", "/api/config", undefined],
    ["POST", "/api/mcp_servers/everything/check", {}],
    ["GET", "/api/system", undefined],
  ])("holds one %s %s", async (method, path, body) => {
    const headers = somebody();
    const first = await rest(gateway, method, path, { headers, body });
    expect(first.status, first.text).toBe(200);
    const refused = await rest(gateway, method, path, { headers, body });
    expect(refused.status).toBe(429);
    expect(Number(refused.headers.get("retry-after"))).toBeGreaterThan(0);
    expect(refused.json().error).toMatchObject({ code: "rate_limited", retry_after_ms: expect.any(Number) });
    // What is read without being counted stays readable.
    for (const open of ["/health/live", "/health/ready", "/metrics"]) {
      expect((await rest(gateway, "GET", open, { headers })).status, open).toBe(200);
    }
    const events = await fetch(`${gateway.url}/api/events`, { headers });
    expect([events.status, await events.json()]).toEqual([
      429,
      { error: expect.objectContaining({ code: "rate_limited" }) },
    ]);
  });

  test("holds one management tool, and the calls of a batch are counted each", async () => {
    const headers = somebody();
    const listServers = (): Promise<RpcAnswer> =>
      modernRequest(gateway.manageUrl, "tools/call", { name: "hangar_list", arguments: {} }, { headers });
    expect((await listServers()).message.result?.isError ?? false).toBe(false);
    const refused = (await listServers()).message;
    expect(refused.result?.isError).toBe(true);
    expect(JSON.parse(textOf(refused))).toMatchObject({
      error_type: "rate_limited",
      retry_after_ms: expect.any(Number),
    });
    const echo = { server: "everything", tool: "echo", arguments: { message: "hi" } };
    const batch = (
      await ask(somebody(), "tools/call", { name: "hangar_call", arguments: { calls: [echo, echo, echo] } })
    ).message;
    expect(batch.result?.structuredContent).toMatchObject({ succeeded: 1, failed: 2 });
  });
});

describe("a stranger who asks as fast as possible", () => {
  test("is limited, is counted in a few lines, and keeps nobody from anything", async () => {
    await using secured = await startSecuredGateway({ mcp_servers: { everything: nodeServer(EVERYTHING) } });
    const { gateway, admin } = secured;
    const asAdmin = { headers: bearer(admin) };
    const started = await rest(gateway, "POST", "/api/mcp_servers/everything/start", { ...asAdmin, body: {} });
    expect(started.status, started.text).toBe(200);

    const statuses: number[] = [];
    const ask = async (path: string, method: string, headers: Readonly<Record<string, string>>): Promise<void> => {
      const { status } = await rest(gateway, method, path, { headers });
      statuses.push(status);
    };
    // Where somebody follows the events, noise is kept for those who come back.
    await using _follower = await followFromStart(gateway.url, bearer(admin));
    for (let round = 0; round < 100; round++) {
      await Promise.all([
        ...Array.from({ length: 10 }, () => ask("/mcp", "POST", {})),
        ...Array.from({ length: 10 }, () => ask("/api/mcp_servers", "GET", bearer("mcph_nonsense"))),
      ]);
    }
    const count = (status: number): number => statuses.filter((each) => each === status).length;
    expect(count(429)).toBeGreaterThan(500);
    expect(count(401) + count(429)).toBe(statuses.length);
    expect((await rest(gateway, "GET", "/health/live")).status).toBe(200);
    expect((await rest(gateway, "GET", "/api/system", asAdmin)).status).toBe(200);

    // Every failure is a line or in the count of one.
    const lines = (): number => gateway.events("authentication_failed").length;
    const counted = (): number =>
      gateway.events("events_repeated").reduce((sum, { count: more }) => sum + Number(more), 0);
    await expect.poll(() => lines() + counted(), { timeout: 60_000 }).toBeGreaterThanOrEqual(count(401));
    expect(counted()).toBeGreaterThan(0);

    // What happened before is still there for who follows the events.
    const leave = new AbortController();
    const headers = { ...bearer(admin), "last-event-id": "another-1" };
    const events = await fetch(`${gateway.url}/api/events`, { headers, signal: leave.signal });
    let text = "";
    const reading = (async () => {
      const decoder = new TextDecoder();
      for await (const chunk of events.body ?? []) text += decoder.decode(chunk as Uint8Array, { stream: true });
    })().catch(() => {});
    await expect.poll(() => text, { timeout: 60_000 }).toContain("event: server.start_finished");
    expect(text).toContain("event: events.repeated");
    leave.abort();
    await reading;
  });
});
