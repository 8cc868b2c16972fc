import { commandLine, freePort, poll, processesMarked } from "@mcp-hangar/testing";
import { describe, expect, test } from "vitest";
import { type HttpGateway, startGateway } from "../src/harness/gateway-process.ts";
import { callUnderWay } from "../src/harness/under-way.ts";
import { nodeServer, startFixture } from "../src/harness/upstreams.ts";
import {
  modernRequest,
  namesIn,
  openLegacySession,
  post,
  type RpcMessage,
  textOf,
} from "../src/harness/wire-client.ts";
import { fixtureFile } from "../src/harness/workspace.ts";

const STDIO = fixtureFile("misbehaving/stdio.ts");
const COLD = 0;
const INITIALIZING = 1;
const READY = 2;

describe.concurrent("the life of a server behind the gateway", () => {
  test("is idle only when no call is in flight, and starts again for the next call", async () => {
    const marker = `idle-${process.pid}-end`;
    await using gateway = await startGateway({
      mcp_servers: { own: { ...nodeServer(STDIO, marker), idle_ttl_s: 0.3 } },
    });
    expect(textOf(await call(gateway, "own", "sleep", { ms: 1_500 }))).toBe("slept 1500 ms");
    await poll("the idle server to be stopped", async () => (await state(gateway, "own")) === COLD);
    await poll("its process to end", () => processesMarked(marker).length === 0);
    expect(textOf(await call(gateway, "own", "ok"))).toBe("ok");
    const page = await gateway.metrics();
    expect(page.sum("mcp_hangar_mcp_server_stops_total", { reason: "idle" })).toBeGreaterThanOrEqual(1);
    expect(page.sum("mcp_hangar_mcp_server_stops_total", { reason: "crashed" })).toBe(0);
    expect(page.sum("mcp_hangar_tool_calls_total", { status: "success" })).toBe(2);
  });

  test("is degraded while it does not answer its checks, and ready again when it does", async () => {
    // Three checks that fail make it degraded, and six, for which it has as long again, have it started anew.
    const checked = { health_check_interval_s: 0.2, max_consecutive_failures: 3, call_timeout_s: 2 };
    const marker = `degraded-${process.pid}-end`;
    await using gateway = await startGateway({ mcp_servers: { own: { ...nodeServer(STDIO, marker), ...checked } } });
    await call(gateway, "own", "ok");
    const [server] = processesMarked(marker).filter((pid) => commandLine(pid).startsWith(process.execPath));
    if (server === undefined) throw new Error("the server does not run");
    process.kill(server, "SIGSTOP");
    await poll("the server to be degraded", () => {
      return gateway.events("mcp_server_state_changed").some(({ to }) => to === "degraded");
    });
    process.kill(server, "SIGCONT");
    const unhealthy = gateway.events("health_check_finished").filter(({ result }) => result === "unhealthy");
    expect(unhealthy.map(({ consecutive_failures: failures }) => failures)).toEqual(expect.arrayContaining([1, 2, 3]));
    const checks = { mcp_server: "own", result: "unhealthy" };
    expect((await gateway.metrics()).sum("mcp_hangar_health_checks_total", checks)).toBeGreaterThanOrEqual(3);
    await poll("the server to be ready again", async () => (await state(gateway, "own")) === READY);
    expect(textOf(await call(gateway, "own", "ok"))).toBe("ok");
    expect((await gateway.metrics()).sum("mcp_hangar_health_check_consecutive_failures")).toBe(0);
  });

  test("survives the restart of a remote server at the same address", async () => {
    const port = String(await freePort());
    await using gateway = await startGateway({
      mcp_servers: { remote: { mode: "remote", endpoint: `http://127.0.0.1:${port}/mcp` } },
    });
    {
      await using _first = await startFixture("misbehaving/http.ts", port);
      expect(textOf(await call(gateway, "remote", "ok"))).toBe("ok");
    }
    expect((await call(gateway, "remote", "ok")).error).toMatchObject({ data: { retryable: true } });
    await using _second = await startFixture("misbehaving/http.ts", port);
    await poll("a call to be answered", async () => textOf(await call(gateway, "remote", "ok")) === "ok");
  });

  test("is started once for many calls that come at the same time", async () => {
    await using gateway = await startGateway({ mcp_servers: { own: nodeServer(STDIO) } });
    const answers = await Promise.all(Array.from({ length: 20 }, () => call(gateway, "own", "ok")));
    expect(answers.map(textOf)).toEqual(Array.from({ length: 20 }, () => "ok"));
    expect((await gateway.metrics()).sum("mcp_hangar_mcp_server_starts_total")).toBe(1);
  });

  test("cannot delay the listing of other servers when it does not start", async () => {
    const mute = { ...nodeServer(STDIO, "--mute"), start_timeout_s: 50 };
    await using gateway = await startGateway({ mcp_servers: { own: nodeServer(STDIO), mute } });
    const { message } = await modernRequest(gateway.mcpUrl(), "tools/list");
    expect(namesIn(message, "tools")).toContain("own__ok");
    // The list did not wait for the end of the start.
    expect(await state(gateway, "mute")).toBe(INITIALIZING);
    // Nor does the gateway wait for ten seconds again, in each of which this start would have failed before long.
    for (let again = 0; again < 10; again += 1)
      expect(namesIn((await modernRequest(gateway.mcpUrl(), "tools/list")).message, "tools")).toContain("own__ok");
    expect(await state(gateway, "mute")).toBe(INITIALIZING);
    const failed = { mcp_server: "mute", result: "failure" };
    expect((await gateway.metrics()).sum("mcp_hangar_mcp_server_starts_total", failed)).toBe(0);
  });
});

describe.concurrent("SIGTERM", () => {
  test("lets the calls in flight finish, refuses new ones, stops every server and ends with code 0", async () => {
    const marker = `sigterm-${process.pid}-end`;
    const own = nodeServer(STDIO, "--stubborn", "--stubborn-child", marker);
    await using gateway = await startGateway({ mcp_servers: { own } });
    const session = await openLegacySession(gateway.mcpUrl("own"));
    await session.request("tools/call", { name: "ok", arguments: {} });
    const pending = session.request("tools/call", { name: "sleep", arguments: { ms: 2_000 } });
    await callUnderWay(gateway, "own");
    gateway.process.kill("SIGTERM");
    expect(textOf((await pending).message)).toBe("slept 2000 ms");
    expect(await gateway.process.exited).toEqual({ code: 0, signal: null });
    expect(processesMarked(marker)).toEqual([]);
    await expect(post(gateway.mcpUrl(), {})).rejects.toThrow();
    expect(gateway.events("gateway_stopped")).toHaveLength(1);
  });

  test("does not wait for a call that never ends longer than it is told to", async () => {
    await using gateway = await startGateway({
      // Longer than this test may take.
      mcp_servers: { own: { ...nodeServer(STDIO), call_timeout_s: 600 } },
      http: { shutdown_timeout_s: 1 },
    });
    const pending = call(gateway, "own", "silence").catch(() => "cut off");
    await callUnderWay(gateway, "own");
    gateway.process.kill("SIGTERM");
    expect(await gateway.process.exited).toEqual({ code: 0, signal: null });
    await pending;
    expect(gateway.events("shutdown_timed_out")).toMatchObject([{ calls_in_flight: 1 }]);
  });
});

async function call(gateway: HttpGateway, server: string, tool: string, args: object = {}): Promise<RpcMessage> {
  return (await modernRequest(gateway.mcpUrl(server), "tools/call", { name: tool, arguments: args })).message;
}

async function state(gateway: HttpGateway, server: string): Promise<number> {
  return (await gateway.metrics()).sum("mcp_hangar_mcp_server_state", { mcp_server: server });
}
