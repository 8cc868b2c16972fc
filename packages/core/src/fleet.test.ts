import { redactText } from "@mcp-hangar/telemetry";
import { describe, expect, it } from "vitest";
import type { Fleet } from "./fleet.ts";
import { Gateway } from "./gateway.ts";
import {
  circuitBreakerOptions,
  executionOptions,
  rateLimitOptions,
  type ServerOptions,
  subprocessOptions,
} from "./options.ts";
import {
  type FakePlatform,
  FakeTransport,
  fakePlatform,
  RecordingBus,
  serverWithTools,
  settlePromises,
} from "./testing/index.ts";

interface Setup {
  readonly gateway: Gateway;
  readonly fleet: Fleet;
  readonly bus: RecordingBus;
  readonly platform: FakePlatform;
  /** Every transport that was made, oldest first. */
  readonly transports: FakeTransport[];
}

function setUp(): Setup {
  const platform = fakePlatform();
  const bus = new RecordingBus();
  const transports: FakeTransport[] = [];
  const gateway = new Gateway({
    servers: { math: server() },
    execution: executionOptions.parse({}),
    circuitBreaker: circuitBreakerOptions.parse({}),
    bus,
    platform,
    info: { name: "test", version: "0" },
    transports: () => {
      const transport = new FakeTransport(platform.clock, { reply: serverWithTools("echo", "secret") });
      transports.push(transport);
      return transport;
    },
  });
  return { gateway, fleet: gateway.fleet, bus, platform, transports };
}

function server(options: object = {}): ServerOptions {
  return subprocessOptions.parse({ mode: "subprocess", command: "fake", ...options });
}

const HANGS = (request: { readonly method: string }): ReturnType<ReturnType<typeof serverWithTools>> =>
  request.method === "tools/call" ? "hang" : serverWithTools("echo")(request as never);

describe("a server that is registered while the gateway runs", () => {
  it("has its secrets hidden from then on, those of its successor too", async () => {
    const { fleet } = setUp();
    fleet.register("keyed", server({ env: { API: "swordfish-1", LEVEL: "debug" } }), { origin: "runtime" });
    expect(redactText("it said swordfish-1 at level debug")).toBe("it said [redacted] at level debug");
    await fleet.replace("keyed", server({ args: ["--token", "marlin-22"] }));
    expect(redactText("swordfish-1, marlin-22")).toBe("[redacted], [redacted]");
  });

  it("is called, announced and checked like those of the configuration", async () => {
    const { gateway, fleet, bus, platform } = setUp();
    gateway.start();
    const changed: string[] = [];
    fleet.observe({ onListChanged: ({ id }, list) => changed.push(`${id} ${list}`), onNotification: () => {} });
    expect(fleet.register("words", server({ health_check_interval_s: 5 }), { origin: "runtime" })).toBe(true);
    expect(changed).toContain("words tools");
    expect(fleet.originOf("words")).toBe("runtime");
    expect(await gateway.callTool({ server: "words", tool: "echo" })).toMatchObject({ kind: "result" });
    await platform.clock.advanceAsync(6_000);
    expect(bus.of("health_check.finished").map(({ server: id }) => id)).toEqual(["words"]);
    await gateway.close();
  });

  it("does not take the place of another", async () => {
    const { fleet, gateway } = setUp();
    expect(fleet.register("math", server(), { origin: "discovery", source: "labels" })).toBe(false);
    expect(fleet.originOf("math")).toBe("config");
    await gateway.close();
    expect(fleet.register("late", server(), { origin: "discovery", source: "labels" })).toBe(false);
  });
});

describe("a server that is removed", () => {
  it("is unknown at once, finishes its calls, and leaves", async () => {
    const { gateway, fleet, bus, platform, transports } = setUp();
    const [transport] = transports;
    if (transport === undefined) throw new Error("no transport was made");
    transport.behaviour.reply = HANGS;
    const running = gateway.callTool({ server: "math", tool: "echo" });
    await expect.poll(() => transport.lastSession?.inFlight).toBe(1);
    expect(fleet.callsInFlight()).toBe(1);
    const removed = fleet.unregister("math", "reload");
    expect(await gateway.callTool({ server: "math", tool: "echo" })).toMatchObject({ code: "unknown_tool" });
    await platform.clock.advanceAsync(10);
    expect(transport.live).toBe(1);
    expect(fleet.callsInFlight()).toBe(1);
    expect(bus.of("server.unregistered")).toEqual([]);
    await platform.clock.advanceAsync(30_000);
    expect(await running).toMatchObject({ code: "timeout" });
    expect(await removed).toBe(true);
    expect(transport.live).toBe(0);
    expect(transport.closed).toBe(true);
    expect(bus.of("server.stopped")).toMatchObject([{ reason: "reload" }]);
    expect(bus.events.at(-1)).toMatchObject({ type: "server.unregistered", server: "math" });
    expect(await fleet.unregister("math", "reload")).toBe(false);
    await gateway.close();
    expect(platform.clock.pendingTimers).toBe(0);
  });

  it("does not keep the gateway from closing", async () => {
    const { gateway, fleet, transports } = setUp();
    const [transport] = transports;
    if (transport === undefined) throw new Error("no transport was made");
    transport.behaviour.reply = HANGS;
    const running = gateway.callTool({ server: "math", tool: "echo" });
    await expect.poll(() => transport.lastSession?.inFlight).toBe(1);
    const removed = fleet.unregister("math", "requested");
    await gateway.close();
    expect(await running).toMatchObject({ code: "connection" });
    expect(await removed).toBe(true);
    expect(transport.live).toBe(0);
  });
});

describe("a server that is replaced", () => {
  it("answers without a gap, under its new policy from the first call on", async () => {
    const { gateway, fleet, bus, transports } = setUp();
    expect(await gateway.callTool({ server: "math", tool: "secret" })).toMatchObject({ kind: "result" });
    const replaced = fleet.replace("math", server({ tools: { deny: ["secret"] } }));
    expect(await gateway.callTool({ server: "math", tool: "secret" })).toMatchObject({ code: "unknown_tool" });
    expect(await gateway.callTool({ server: "math", tool: "echo" })).toMatchObject({ kind: "result" });
    expect(await replaced).toBe(true);
    expect(transports.map(({ live }) => live)).toEqual([0, 1]);
    expect(fleet.originOf("math")).toBe("config");
    expect(bus.of("server.unregistered")).toEqual([]);
    await gateway.close();
  });

  it("lists what it listed before, and shows what the new policy allows, before it has started", async () => {
    const { gateway, fleet } = setUp();
    await fleet.replace("math", server({ tools: { deny: ["secret"] } }));
    await gateway.callTool({ server: "math", tool: "echo" });
    expect(fleet.get("math")?.catalog.toolNames()).toEqual(["echo"]);
    await fleet.replace("math", server());
    expect(fleet.get("math")?.catalog.toolNames()).toEqual(["echo", "secret"]);
    expect(await fleet.replace("nobody", server())).toBe(false);
    await gateway.close();
  });
});

describe("a server that another origin claims", () => {
  it("belongs to the claimant afterwards", async () => {
    const { gateway, fleet } = setUp();
    fleet.register("words", server(), { origin: "discovery", source: "labels" });
    expect(await fleet.replace("words", server({ tools: { deny: ["secret"] } }), { origin: "config" })).toBe(true);
    expect(fleet.originOf("words")).toBe("config");
    await gateway.close();
  });
});

describe("limits that change while the gateway runs", () => {
  it("hold for the servers there are and for those that come, but not where a server has its own", async () => {
    const { gateway, fleet, transports } = setUp();
    for (const [id, options] of Object.entries({ own: { max_concurrency: 2 }, other: {} }))
      fleet.register(id, server(options), { origin: "runtime" });
    gateway.configure({ execution: executionOptions.parse({ default_mcp_server_concurrency: 1, max_waiting: 0 }) });
    fleet.register("late", server(), { origin: "runtime" });
    for (const transport of transports) transport.behaviour.reply = HANGS;
    const leave = new AbortController();
    const call = (id: string): ReturnType<Gateway["callTool"]> =>
      gateway.callTool({ server: id, tool: "echo" }, leave.signal);
    for (const id of ["math", "own", "other", "late"]) {
      const first = call(id);
      const second = call(id);
      const secondIs = await Promise.race([second, settlePromises().then(() => "running")]);
      expect(secondIs, id).toEqual(id === "own" ? "running" : expect.objectContaining({ code: "overloaded" }));
      void first;
    }
    leave.abort();
    await gateway.close();
  });

  it("open breakers by the new threshold, and count rates from the change on", async () => {
    const { gateway, transports } = setUp();
    gateway.configure({
      circuitBreaker: circuitBreakerOptions.parse({ failure_threshold: 1 }),
      rateLimit: rateLimitOptions.parse({ enabled: true, requests_per_second: 1, burst: 2 }),
    });
    const [transport] = transports;
    if (transport === undefined) throw new Error("no transport was made");
    expect(await gateway.callTool({ server: "math", tool: "echo" })).toMatchObject({ kind: "result" });
    transport.behaviour.reply = (request) =>
      request.method === "tools/call"
        ? { kind: "failed", errorType: "protocol", message: "nonsense", maybeExecuted: true }
        : serverWithTools("echo")(request);
    expect(await gateway.callTool({ server: "math", tool: "echo" })).toMatchObject({ code: "protocol" });
    expect(await gateway.callTool({ server: "math", tool: "echo" })).toMatchObject({ code: "rate_limited" });
    gateway.configure({ rateLimit: rateLimitOptions.parse({}) });
    expect(await gateway.callTool({ server: "math", tool: "echo" })).toMatchObject({ code: "circuit_open" });
    await gateway.close();
  });
});
