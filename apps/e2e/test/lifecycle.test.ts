import { describe, expect, test } from "vitest";
import { type HttpGateway, startGateway } from "../src/harness/gateway-process.ts";
import { poll } from "../src/harness/poll.ts";
import { processesMarked } from "../src/harness/process-tree.ts";
import { freePort, nodeServer, startFixture } from "../src/harness/upstreams.ts";
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
const READY = 2;
const DEGRADED = 3;

describe.concurrent("the life of a server behind the gateway", { timeout: 40_000 }, () => {
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
    const checked = { health_check_interval_s: 0.2, max_consecutive_failures: 2, call_timeout_s: 1 };
    await using gateway = await startGateway({ mcp_servers: { own: { ...nodeServer(STDIO), ...checked } } });
    // Twice as many failures as make a server degraded make the gateway start it anew: this lasts not so long.
    await call(gateway, "own", "stop_answering", { ms: 3_000 });
    await poll("the server to be degraded", async () => (await state(gateway, "own")) === DEGRADED);
    const page = await gateway.metrics();
    expect(page.sum("mcp_hangar_health_check_consecutive_failures", { mcp_server: "own" })).toBeGreaterThanOrEqual(2);
    expect(
      page.sum("mcp_hangar_health_checks_total", { mcp_server: "own", result: "unhealthy" }),
    ).toBeGreaterThanOrEqual(2);
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
    const mute = { ...nodeServer(STDIO, "--mute"), start_timeout_s: 30 };
    await using gateway = await startGateway({ mcp_servers: { own: nodeServer(STDIO), mute } });
    const began = performance.now();
    const { message } = await modernRequest(gateway.mcpUrl(), "tools/list");
    expect(namesIn(message, "tools")).toContain("own__ok");
    const firstMs = performance.now() - began;
    expect(firstMs).toBeLessThan(15_000);
    // Whoever asks again is not made to wait again, although the server is still starting or starts anew.
    for (let again = 0; again < 3; again += 1) {
      const beganAgain = performance.now();
      expect(namesIn((await modernRequest(gateway.mcpUrl(), "tools/list")).message, "tools")).toContain("own__ok");
      expect(performance.now() - beganAgain).toBeLessThan(firstMs / 4);
    }
  });
});

describe.concurrent("SIGTERM", { timeout: 40_000 }, () => {
  test("lets the calls in flight finish, refuses new ones, stops every server and ends with code 0", async () => {
    const marker = `sigterm-${process.pid}-end`;
    const own = nodeServer(STDIO, "--stubborn", "--stubborn-child", marker);
    await using gateway = await startGateway({ mcp_servers: { own } });
    const session = await openLegacySession(gateway.mcpUrl("own"));
    await session.request("tools/call", { name: "ok", arguments: {} });
    const pending = session.request("tools/call", { name: "sleep", arguments: { ms: 1_000 } });
    await new Promise((resolve) => setTimeout(resolve, 100));
    gateway.process.kill("SIGTERM");
    expect(textOf((await pending).message)).toBe("slept 1000 ms");
    expect(await gateway.process.exited).toEqual({ code: 0, signal: null });
    expect(processesMarked(marker)).toEqual([]);
    await expect(post(gateway.mcpUrl(), {})).rejects.toThrow();
    expect(gateway.events("gateway_stopped")).toHaveLength(1);
  });

  test("does not wait for a call that never ends longer than it is told to", async () => {
    await using gateway = await startGateway({
      mcp_servers: { own: { ...nodeServer(STDIO), call_timeout_s: 60 } },
      http: { shutdown_timeout_s: 1 },
    });
    const pending = call(gateway, "own", "silence").catch(() => "cut off");
    await poll("the server to be ready", async () => (await state(gateway, "own")) === READY);
    const began = performance.now();
    gateway.process.kill("SIGTERM");
    await gateway.process.exited;
    await pending;
    expect(performance.now() - began).toBeLessThan(8_000);
  });
});

async function call(gateway: HttpGateway, server: string, tool: string, args: object = {}): Promise<RpcMessage> {
  return (await modernRequest(gateway.mcpUrl(server), "tools/call", { name: tool, arguments: args })).message;
}

async function state(gateway: HttpGateway, server: string): Promise<number> {
  return (await gateway.metrics()).sum("mcp_hangar_mcp_server_state", { mcp_server: server });
}
