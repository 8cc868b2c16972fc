import { describe, expect, it } from "vitest";
import { Gateway } from "../gateway.ts";
import { circuitBreakerOptions, executionOptions, type SubprocessOptions, subprocessOptions } from "../options.ts";
import {
  type FakeBehaviour,
  FakeTransport,
  fakePlatform,
  RecordingBus,
  resultReply,
  settlePromises,
} from "../testing/index.ts";
import type { UpstreamReply } from "../transports/session.ts";

const CALL = { server: "math", tool: "echo" };
const hangOnCall = (request: { method: string }) =>
  request.method === "tools/call" ? ("hang" as const) : resultReply({ tools: [{ name: "echo" }] });
const unreachable: UpstreamReply = { kind: "failed", errorType: "connection", message: "gone", maybeExecuted: false };

function setUp(behaviour: Partial<FakeBehaviour> = {}, options: Partial<SubprocessOptions> = {}) {
  const platform = fakePlatform();
  const bus = new RecordingBus();
  const transport = new FakeTransport(platform.clock, behaviour);
  const gateway = new Gateway({
    servers: { math: { ...subprocessOptions.parse({ mode: "subprocess", command: "fake" }), ...options } },
    execution: executionOptions.parse({}),
    circuitBreaker: circuitBreakerOptions.parse({}),
    bus,
    platform,
    info: { name: "test", version: "0" },
    transports: () => transport,
  });
  const server = gateway.fleet.get("math");
  if (server === undefined) throw new Error("no server");
  return { platform, bus, transport, gateway, server };
}

describe("ManagedServer", () => {
  it("stops when idle, but never with a call in flight", async () => {
    const { gateway, platform, server } = setUp({ reply: hangOnCall }, { idle_ttl_s: 10, call_timeout_s: 60 });
    gateway.start();
    const call = gateway.callTool(CALL);
    await platform.clock.advanceAsync(59_000);
    expect(server.state.name).toBe("ready");
    await platform.clock.advanceAsync(1_000);
    expect(await call).toMatchObject({ code: "timeout" });
    await platform.clock.advanceAsync(15_000);
    expect(server.state.name).toBe("cold");
    await gateway.close();
    expect(platform.clock.pendingTimers).toBe(0);
  });

  it("keeps counting failures while it is degraded and dead, and comes back by its health check", async () => {
    let broken = false;
    const { gateway, platform, server, transport } = setUp(
      { reply: (request) => (broken && request.method === "ping" ? unreachable : hangOnCall(request)) },
      { health_check_interval_s: 1, max_consecutive_failures: 3 },
    );
    gateway.start();
    await server.ensureReady(new AbortController().signal);
    broken = true;
    const seen: string[] = [];
    for (let step = 0; step < 100 && server.state.name !== "dead"; step++) {
      await platform.clock.advanceAsync(500);
      seen.push(`${server.state.name} ${server.state.failures}`);
    }
    expect(new Set(seen)).toEqual(
      new Set(["ready 0", "ready 1", "ready 2", "degraded 3", "degraded 4", "degraded 5", "dead 6"]),
    );
    expect(transport.live).toBe(0);
    broken = false;
    await platform.clock.advanceAsync(120_000);
    expect(server.state.name).toBe("ready");
    expect(server.snapshot()).toMatchObject({ up: true, consecutiveFailures: 0 });
    await gateway.close();
  });

  it("is dead in a crash loop, even when it passes a check in between", async () => {
    const { gateway, platform, server, transport } = setUp({}, { health_check_interval_s: 1 });
    gateway.start();
    for (let crash = 0; crash < 3; crash++) {
      await server.ensureReady(new AbortController().signal, true);
      await platform.clock.advanceAsync(3_000);
      transport.lastSession?.crash();
    }
    expect(server.state).toMatchObject({ name: "dead", failures: 3 });
    expect(await gateway.callTool(CALL)).toMatchObject({ code: "start_failed" });
    await gateway.close();
  });

  it("is not healthy because it crashed while it was degraded", async () => {
    const { platform, server, transport, gateway } = setUp(
      { reply: (request) => (request.method === "ping" ? unreachable : hangOnCall(request)) },
      { health_check_interval_s: 10 },
    );
    gateway.start();
    await server.ensureReady(new AbortController().signal);
    await platform.clock.advanceAsync(35_000);
    expect(server.state).toMatchObject({ name: "degraded", failures: 3 });
    transport.lastSession?.crash("exit 1");
    expect(server.state).toMatchObject({ name: "dead", failures: 4, lastError: "exit 1" });
    expect(server.snapshot().up).toBe(false);
    await gateway.close();
  });

  it("stops without waiting for a start that was asked for later", async () => {
    const { platform, server, transport, gateway } = setUp({ closeDelayMs: 100 });
    await server.ensureReady(new AbortController().signal);
    let stopped = false;
    const stop = server.stop("requested").then(() => {
      stopped = true;
    });
    transport.behaviour.openDelayMs = 25_000;
    void server.ensureReady(new AbortController().signal);
    await platform.clock.advanceAsync(200);
    expect(stopped).toBe(true);
    await stop;
    await platform.clock.advanceAsync(30_000);
    await Promise.all([gateway.close(), platform.clock.advanceAsync(1_000)]);
    expect(transport.live).toBe(0);
  });

  it("may be stopped by a listener of its own start", async () => {
    const { bus, server, gateway } = setUp();
    const off = bus.on("stopper", (event) => {
      if (event.type === "server.state_changed" && event.to === "initializing") void server.stop("requested");
    });
    expect(await server.ensureReady(new AbortController().signal)).toMatchObject({ code: "start_failed" });
    off();
    await settlePromises();
    expect(await server.ensureReady(new AbortController().signal)).not.toHaveProperty("code");
    await gateway.close();
  });

  it("fetches an announced list once, however often it is announced, and tells of it only when it differs", async () => {
    const { platform, server, transport, gateway, bus } = setUp();
    await server.ensureReady(new AbortController().signal);
    const before = platform.clock.pendingTimers;
    const announce = () =>
      transport.lastSession?.emitNotification({ method: "notifications/tools/list_changed", params: {} });
    for (let i = 0; i < 1_000; i++) announce();
    expect(platform.clock.pendingTimers).toBe(before + 1);
    await platform.clock.advanceAsync(100);
    expect(transport.lastSession?.requests.filter(({ method }) => method === "tools/list")).toHaveLength(2);
    expect(bus.of("server.tools_listed")).toHaveLength(1);
    transport.behaviour.reply = () => resultReply({ tools: [{ name: "other" }] });
    announce();
    await platform.clock.advanceAsync(100);
    expect(bus.of("server.tools_listed").at(-1)?.tools).toEqual(["other"]);
    expect(await gateway.callTool(CALL)).toMatchObject({ code: "unknown_tool" });
    await gateway.close();
  });
});

describe("changed definitions of tools", () => {
  const tool = (name: string, description: string) => ({ name, description, inputSchema: { type: "object" } });
  const offers = (behaviour: { reply: FakeBehaviour["reply"] }, ...tools: readonly ReturnType<typeof tool>[]): void => {
    behaviour.reply = () => resultReply({ tools });
  };
  const start = (server: ReturnType<typeof setUp>["server"]) => server.ensureReady(new AbortController().signal);

  it("are told when a restarted server lists others, but not at its first start and not when it lists the same", async () => {
    const { server, transport, gateway, bus } = setUp();
    offers(transport.behaviour, tool("echo", "Says it again."));
    await start(server);
    await server.stop("requested");
    await start(server);
    expect(bus.of("server.tools_changed")).toEqual([]);
    await server.stop("requested");
    offers(transport.behaviour, tool("echo", "Says it again, and mails it to me."), tool("spy", ""));
    await start(server);
    expect(bus.of("server.tools_changed")).toMatchObject([
      {
        server: "math",
        total: { added: 1, removed: 0, changed: 1 },
        changes: [
          { tool: "echo", change: "changed" },
          { tool: "spy", change: "added" },
        ],
      },
    ]);
    await gateway.close();
  });

  it("are told when the server announces them, and nothing is told of tools that the policy hides", async () => {
    const { platform, server, transport, gateway, bus } = setUp({}, { tools: { deny: ["secret"] } });
    offers(transport.behaviour, tool("echo", "a"), tool("secret", "a"));
    await start(server);
    const announce = async (): Promise<void> => {
      transport.lastSession?.emitNotification({ method: "notifications/tools/list_changed", params: {} });
      await platform.clock.advanceAsync(100);
    };
    offers(transport.behaviour, tool("echo", "a"), tool("secret", "b"));
    await announce();
    expect(bus.of("server.tools_changed")).toEqual([]);
    offers(transport.behaviour, tool("secret", "c"));
    await announce();
    expect(bus.of("server.tools_changed")).toMatchObject([{ total: { removed: 1 }, changes: [{ tool: "echo" }] }]);
    await gateway.close();
  });

  it.each([
    ["few", 3],
    ["more tools than are judged at a reload", 2_500],
  ])("are told of a server that was replaced meanwhile, with %s", async (_what, count) => {
    const { server, transport, gateway, bus } = setUp();
    const tools = Array.from({ length: count }, (_, at) => tool(`t${at}`, "a"));
    offers(transport.behaviour, ...tools);
    await start(server);
    await gateway.fleet.replace("math", { ...server.options, tools: { deny: ["t1"] } });
    offers(transport.behaviour, ...tools.map(({ name }) => tool(name, name === "t2" ? "a" : "b")));
    const successor = gateway.fleet.get("math");
    if (successor === undefined) throw new Error("no server");
    await start(successor);
    const [told, ...others] = bus.of("server.tools_changed");
    expect(others).toEqual([]);
    // All but the hidden one and the one that stayed as it was.
    expect(told?.total).toEqual({ added: 0, removed: 0, changed: count - 2 });
    await gateway.close();
  });

  it("cost an agent's context what their JSON has in bytes, without what the policy hides", async () => {
    const { server, transport, gateway } = setUp({}, { tools: { deny: ["secret"] } });
    expect(server.snapshot().toolDefinitionBytes).toBeUndefined();
    offers(transport.behaviour, tool("echo", "größer"), tool("secret", "a"));
    await start(server);
    const bytes = Buffer.byteLength(JSON.stringify(tool("echo", "größer")));
    expect(server.snapshot().toolDefinitionBytes).toBe(bytes);
    offers(transport.behaviour);
    await server.stop("requested");
    expect(server.snapshot().toolDefinitionBytes).toBe(bytes);
    await start(server);
    expect(server.snapshot().toolDefinitionBytes).toBe(0);
    await gateway.close();
  });
});

it("adds up the bytes of what calls and requests have sent and got, of those that failed too", async () => {
  const { gateway, server } = setUp({
    reply: (request) => {
      if (request.sizes !== undefined) request.sizes.requestBytes = 100;
      if (request.method === "resources/read") return unreachable;
      if (request.sizes !== undefined) request.sizes.responseBytes = 7_000;
      return resultReply({ tools: [{ name: "echo" }], content: [] });
    },
  });
  expect(server.snapshot().transferBytes).toEqual({ sent: 0, received: 0 });
  await gateway.callTool(CALL);
  await gateway.callTool({ ...CALL, tool: "unknown" });
  await gateway.relay({ server: "math", method: "resources/read", params: { uri: "file:///a" } });
  expect(server.snapshot().transferBytes).toEqual({ sent: 200, received: 7_000 });
  await gateway.close();
});

describe("the circuit breaker of a server", () => {
  it("is not opened by one impatient caller of a healthy but slow tool", async () => {
    const { gateway, platform, server } = setUp({ reply: hangOnCall });
    for (let call = 0; call < 6; call++) {
      const impatient = gateway.callTool({ ...CALL, timeoutMs: 10 });
      await platform.clock.advanceAsync(10);
      expect(await impatient).toMatchObject({ code: "timeout" });
    }
    expect(server.breaker.state()).toBe("closed");
    await gateway.close();
  });

  it("refuses at once when it is open, even while hung calls hold all slots", async () => {
    const { gateway, server } = setUp({
      reply: (request) => (request.method === "tools/call" ? unreachable : hangOnCall(request)),
    });
    for (let call = 0; call < 5; call++) await gateway.callTool(CALL);
    while (server.slots.tryAcquire("busy"));
    expect(await gateway.callTool(CALL)).toMatchObject({ code: "circuit_open" });
    await gateway.close();
  });
});
