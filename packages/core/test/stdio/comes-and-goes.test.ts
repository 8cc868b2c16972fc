import { TelemetryBus } from "@mcp-hangar/telemetry";
import { poll } from "@mcp-hangar/testing";
import { expect, it, onTestFinished } from "vitest";
import {
  type CallResult,
  circuitBreakerOptions,
  executionOptions,
  Gateway,
  nodePlatform,
  subprocessOptions,
} from "../../src/index.ts";

/** A server that is well as long as nothing ends it: by its argument after each call, or in the tools `crash` and `block`. */
const SERVER = `
const names = ["hello", "crash", "block"];
const tools = names.map((name) => ({ name, inputSchema: { type: "object" } }));
let buffer = "";
process.stdin.on("data", (chunk) => {
  buffer += chunk;
  for (let at; (at = buffer.indexOf("\\n")) >= 0; ) {
    const line = buffer.slice(0, at);
    buffer = buffer.slice(at + 1);
    if (line.trim() !== "") take(JSON.parse(line));
  }
});
const fs = require("node:fs");
// At once, also while the loop is blocked.
const say = (message) => fs.writeSync(1, JSON.stringify({ jsonrpc: "2.0", ...message }) + "\\n");
const sleep = (ms) => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
function take({ id, method, params }) {
  if (id === undefined) return;
  const result = (value) => say({ id, result: value });
  const serverInfo = { name: "comes and goes", version: "1" };
  if (method === "initialize") return result({ protocolVersion: "2025-11-25", capabilities: { tools: {} }, serverInfo });
  if (method === "tools/list") return result({ tools });
  if (method === "ping") return result({});
  if (method !== "tools/call") return say({ id, error: { code: -32601, message: "method not found" } });
  if (params.name === "crash") process.exit(7);
  const progressToken = params._meta?.progressToken;
  for (let step = 1; params.name === "block" && step <= 8; step++) {
    sleep(1_000);
    if (progressToken !== undefined) say({ method: "notifications/progress", params: { progressToken, progress: step } });
  }
  result({ content: [{ type: "text", text: params.name }] });
  if (process.argv[1] === "ends") process.exit(0);
}
`;

function gatewayWith(argument: string, options: object = {}): Gateway {
  const command = [process.execPath, "-e", SERVER, argument];
  const server = subprocessOptions.parse({ mode: "subprocess", command, call_timeout_s: 60, ...options });
  const gateway = new Gateway({
    servers: { server },
    execution: executionOptions.parse({}),
    circuitBreaker: circuitBreakerOptions.parse({}),
    bus: new TelemetryBus(),
    platform: nodePlatform,
    info: { name: "hangar-test", version: "1" },
  });
  onTestFinished(() => gateway.close());
  return gateway;
}

function call(gateway: Gateway, tool: string): Promise<CallResult> {
  return gateway.callTool({ server: "server", tool, arguments: {} }, AbortSignal.timeout(60_000));
}

/** Waits until the process of the last call has gone. */
async function gone(gateway: Gateway): Promise<void> {
  const server = gateway.fleet.get("server");
  await poll("the end of the server", () => server?.session() === undefined);
}

it("a server that ends after each call serves any number of calls, each at once", async () => {
  const gateway = gatewayWith("ends");
  for (let times = 0; times < 8; times++) {
    expect((await call(gateway, "hello")).kind).toBe("result");
    await gone(gateway);
    expect(gateway.fleet.get("server")?.state).toMatchObject({
      name: "cold",
      failures: 0,
      retryAtMs: expect.any(Number),
    });
  }
});

it("a server that crashes in one tool serves the others, each call at once", async () => {
  const gateway = gatewayWith("stays");
  for (let times = 0; times < 6; times++) {
    expect((await call(gateway, "hello")).kind).toBe("result");
    expect(await call(gateway, "crash")).toMatchObject({ kind: "failure", code: "connection" });
    await gone(gateway);
  }
  expect((await call(gateway, "hello")).kind).toBe("result");
});

it("a server that does nothing but crash is started less and less often", async () => {
  const gateway = gatewayWith("stays");
  const codes = new Set<string>();
  await poll("the server to be given up", async () => {
    const result = await call(gateway, "crash");
    if (result.kind === "failure") codes.add(result.code);
    return gateway.fleet.get("server")?.state.name === "dead";
  });
  expect(codes).toContain("connection");
});

it("a server whose loop is blocked by a call that tells its progress is not taken for dead", async () => {
  const gateway = gatewayWith("stays", {
    call_timeout_s: 4,
    health_check_interval_s: 0.2,
    max_consecutive_failures: 1,
  });
  gateway.start();
  await gateway.fleet.get("server")?.ensureReady(AbortSignal.timeout(60_000));
  const states = new Set<string>();
  const told: unknown[] = [];
  const meta = { progressToken: "p" };
  const onNotification = (notification: unknown): void => void told.push(notification);
  const blocking = { server: "server", tool: "block", arguments: {}, meta, onNotification };
  const done = gateway.callTool(blocking, AbortSignal.timeout(60_000));
  let isOver = false;
  void done.then(() => {
    isOver = true;
  });
  await poll("the answer", () => {
    states.add(gateway.fleet.get("server")?.state.name ?? "");
    return isOver;
  });
  expect((await done).kind).toBe("result");
  expect(told.length).toBeGreaterThan(0);
  expect([...states].filter((name) => name === "degraded" || name === "dead")).toEqual([]);
});
