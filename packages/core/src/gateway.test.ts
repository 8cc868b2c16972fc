import { type Caller, type CallFinished, type Decision, registeredName } from "@mcp-hangar/telemetry";
import { describe, expect, it } from "vitest";
import type { CallResult, ToolCall } from "./call.ts";
import { failure } from "./errors.ts";
import { Gateway, type GatewayOptions } from "./gateway.ts";
import {
  circuitBreakerOptions,
  executionOptions,
  rateLimitOptions,
  type ServerOptions,
  subprocessOptions,
} from "./options.ts";
import {
  type FakeBehaviour,
  type FakePlatform,
  FakeTransport,
  fakePlatform,
  RecordingBus,
  resultReply,
} from "./testing/index.ts";
import { StartError, type UpstreamReply, type UpstreamRequest } from "./transports/session.ts";

interface Setup {
  readonly gateway: Gateway;
  readonly bus: RecordingBus;
  readonly platform: FakePlatform;
  readonly transport: FakeTransport;
}

const DENIED: Decision = { result: "denied", by: "test" };

function setUp(
  behaviour: Partial<FakeBehaviour> = {},
  options: Partial<GatewayOptions> & { readonly server?: Partial<ServerOptions> } = {},
): Setup {
  const platform = fakePlatform();
  const bus = new RecordingBus();
  const transport = new FakeTransport(platform.clock, behaviour);
  const server = {
    ...subprocessOptions.parse({ mode: "subprocess", command: "fake" }),
    ...options.server,
  } as ServerOptions;
  const gateway = new Gateway({
    servers: { math: server },
    execution: executionOptions.parse({}),
    circuitBreaker: circuitBreakerOptions.parse({}),
    bus,
    platform,
    info: { name: "test", version: "0" },
    transports: () => transport,
    ...options,
  });
  return { gateway, bus, platform, transport };
}

const CALL: ToolCall = { server: "math", tool: "echo", arguments: { text: "hi" } };
const answers = (reply: UpstreamReply) => (request: { method: string }) =>
  request.method === "tools/list" ? resultReply({ tools: [{ name: "echo" }] }) : reply;
const failed = (errorType: "connection" | "protocol" | "upstream_error" | "overloaded"): UpstreamReply => ({
  kind: "failed",
  errorType,
  message: "it broke",
  maybeExecuted: true,
});

interface Case {
  readonly name: string;
  readonly behaviour?: Partial<FakeBehaviour>;
  readonly options?: Parameters<typeof setUp>[1];
  readonly call?: Partial<ToolCall>;
  /** Lets time pass while the call runs. */
  readonly afterMs?: number;
  readonly leaveAfterMs?: number;
  readonly outcome: Partial<CallFinished["outcome"]>;
  readonly known?: { readonly server: boolean; readonly tool: boolean };
  readonly durationSeconds?: number;
}

const hang = (request: { method: string }) =>
  request.method === "tools/list" ? resultReply({ tools: [{ name: "echo" }] }) : ("hang" as const);

const CASES: readonly Case[] = [
  { name: "an answer is a success", outcome: { status: "success", resultType: "complete" } },
  {
    name: "isError is a failed call although it is a result",
    behaviour: { reply: answers(resultReply({ content: [], isError: true })) },
    outcome: { status: "error", errorType: "tool_error" },
  },
  {
    name: "input_required is an answer",
    behaviour: { reply: answers(resultReply({ resultType: "input_required", inputRequests: {} })) },
    outcome: { status: "success", resultType: "input_required" },
  },
  {
    name: "the upstream's JSON-RPC error",
    behaviour: { reply: answers({ kind: "error", error: { code: -32602, message: "bad" } }) },
    outcome: { status: "error", errorType: "upstream_error" },
  },
  {
    name: "a lost connection",
    behaviour: { reply: answers(failed("connection")) },
    outcome: { status: "error", errorType: "connection" },
  },
  {
    name: "a broken answer",
    behaviour: { reply: answers(failed("protocol")) },
    outcome: { status: "error", errorType: "protocol" },
  },
  {
    name: "a 5xx of the upstream",
    behaviour: { reply: answers(failed("upstream_error")) },
    outcome: { status: "error", errorType: "upstream_error" },
  },
  {
    name: "an upstream that is overloaded",
    behaviour: { reply: answers(failed("overloaded")) },
    outcome: { status: "error", errorType: "overloaded" },
  },
  {
    name: "a server that refuses to start",
    behaviour: { openError: new StartError("command_not_found", "no such command") },
    outcome: { status: "error", errorType: "start_failed" },
    known: { server: true, tool: false },
  },
  {
    name: "a call that hangs observes its real duration",
    behaviour: { reply: hang },
    afterMs: 30_000,
    outcome: { status: "timeout", errorType: "timeout" },
    durationSeconds: 30,
  },
  {
    name: "a start that hangs ends with the call's deadline",
    behaviour: { openHangs: true },
    call: { timeoutMs: 2_000 },
    afterMs: 2_000,
    outcome: { status: "timeout", errorType: "timeout" },
    known: { server: true, tool: false },
    durationSeconds: 2,
  },
  {
    name: "a caller who leaves",
    behaviour: { reply: hang },
    leaveAfterMs: 500,
    outcome: { status: "cancelled" },
    durationSeconds: 0.5,
  },
  {
    name: "an unknown server",
    call: { server: "nope" },
    outcome: { status: "rejected", reason: "unknown_tool" },
    known: { server: false, tool: false },
  },
  {
    name: "an unknown tool",
    call: { tool: "nope" },
    outcome: { status: "rejected", reason: "unknown_tool" },
    known: { server: true, tool: false },
  },
  {
    name: "a tool that the policy hides looks like one that does not exist",
    options: { server: { tools: { deny: ["e*"] } } },
    outcome: { status: "rejected", reason: "unknown_tool" },
    known: { server: true, tool: false },
  },
  {
    name: "arguments that are no object",
    call: { arguments: [] as never },
    outcome: { status: "rejected", reason: "invalid_request" },
    known: { server: true, tool: false },
  },
  {
    name: "no name at all",
    call: { tool: "" },
    outcome: { status: "rejected", reason: "invalid_request" },
    known: { server: false, tool: false },
  },
  {
    name: "a caller without access",
    options: { access: () => DENIED },
    outcome: { status: "rejected", reason: "access_denied" },
    known: { server: true, tool: false },
  },
];

describe("Gateway.callTool", () => {
  it.each(CASES)("counts once, with status and duration: $name", async (test) => {
    const { gateway, bus, platform } = setUp(test.behaviour, test.options);
    const leaving = new AbortController();
    const running = gateway.callTool({ ...CALL, ...test.call }, leaving.signal);
    await platform.clock.advanceAsync(test.leaveAfterMs ?? test.afterMs ?? 0);
    if (test.leaveAfterMs !== undefined) leaving.abort();
    await running;

    const finished = bus.of("call.finished");
    expect(finished).toHaveLength(1);
    const [event] = finished;
    expect(event?.outcome).toMatchObject(test.outcome);
    expect(event?.durationSeconds).toBeCloseTo(test.durationSeconds ?? 0, 3);
    const known = test.known ?? { server: true, tool: true };
    expect({ server: event?.server !== undefined, tool: event?.tool !== undefined }).toEqual(known);
    expect(gateway.fleet.snapshot()[0]?.inFlight).toBe(0);
    await gateway.close();
    expect(platform.clock.pendingTimers).toBe(0);
  });

  it.each([
    ["a tool that it has", {}],
    ["a tool that it does not have", { tool: "no such tool" }],
    ["arguments that are no object", { arguments: [] as never }],
  ])("answers a caller without access as if the tool did not exist, and starts nothing: %s", async (_case, call) => {
    const { gateway, bus, transport } = setUp({}, { access: () => DENIED });
    const denied = await gateway.callTool({ ...CALL, ...call });
    const { tool } = { ...CALL, ...call };
    expect(denied).toEqual(failure("unknown_tool", `unknown tool "${tool}" of server "${CALL.server}"`));
    expect(bus.of("call.finished")[0]?.outcome).toMatchObject({ status: "rejected", reason: "access_denied" });
    expect(transport.attempts).toBe(0);
    await gateway.close();
  });

  it("starts a server once for all callers, and each leaves at its own deadline", async () => {
    const { gateway, platform, transport } = setUp({ openDelayMs: 1_000 });
    const impatient = gateway.callTool({ ...CALL, timeoutMs: 400 });
    const patient = [1, 2, 3].map(() => gateway.callTool(CALL));
    await platform.clock.advanceAsync(400);
    expect(await impatient).toMatchObject({ kind: "failure", code: "timeout" });
    await platform.clock.advanceAsync(600);
    expect((await Promise.all(patient)).map((result) => result.kind)).toEqual(["result", "result", "result"]);
    expect(transport.attempts).toBe(1);
    await gateway.close();
  });

  it("refuses at once when the queue in front of a server is full, and serves those who wait in order", async () => {
    const gates: (() => void)[] = [];
    const reply = async (request: { method: string }): Promise<UpstreamReply> => {
      if (request.method === "tools/list") return resultReply({ tools: [{ name: "echo" }] });
      await new Promise<void>((resolve) => gates.push(resolve));
      return resultReply({});
    };
    const { gateway, platform } = setUp(
      { reply },
      { execution: executionOptions.parse({ default_mcp_server_concurrency: 1, max_waiting: 1 }) },
    );
    const order: string[] = [];
    const first = gateway.callTool(CALL).then(() => order.push("first"));
    const second = gateway.callTool(CALL).then(() => order.push("second"));
    await platform.clock.advanceAsync(0);
    expect(await gateway.callTool(CALL)).toMatchObject({ code: "overloaded" });
    gates.shift()?.();
    await first;
    await platform.clock.advanceAsync(0);
    gates.shift()?.();
    await second;
    expect(order).toEqual(["first", "second"]);
    await gateway.close();
  });

  it("does not hold a global slot while it waits for a slow server's own", async () => {
    const platform = fakePlatform();
    const slow = new FakeTransport(platform.clock, { reply: hang });
    const fast = new FakeTransport(platform.clock);
    const server = subprocessOptions.parse({ mode: "subprocess", command: "fake", max_concurrency: 1 });
    const gateway = new Gateway({
      servers: { slow: server, fast: server },
      execution: executionOptions.parse({ max_concurrency: 2 }),
      circuitBreaker: circuitBreakerOptions.parse({}),
      bus: new RecordingBus(),
      platform,
      info: { name: "test", version: "0" },
      transports: (id) => (id === "slow" ? slow : fast),
    });
    const stuck = [1, 2, 3, 4].map(() => gateway.callTool({ server: "slow", tool: "echo" }));
    await platform.clock.advanceAsync(0);
    expect(await gateway.callTool({ server: "fast", tool: "echo" })).toMatchObject({ kind: "result" });
    await platform.clock.advanceAsync(31_000);
    await Promise.all(stuck);
    await gateway.close();
  });

  it("counts a crash as one failure for the breaker, however many calls it takes along", async () => {
    const reply: FakeBehaviour["reply"] = (request) =>
      request.method === "tools/list" ? resultReply({ tools: [{ name: "echo" }] }) : "hang";
    const { gateway, platform, bus, transport } = setUp({ reply });
    const states: (string | undefined)[] = [];
    for (let crash = 1; crash <= 5; crash++) {
      const lost = Array.from({ length: 7 }, () => gateway.callTool(CALL));
      // Long enough for the lifecycle not to see a crash loop.
      await platform.clock.advanceAsync(11_000);
      expect(transport.lastSession?.inFlight).toBe(7);
      transport.lastSession?.crash();
      for (const result of await Promise.all(lost)) expect(result).toMatchObject({ code: "connection" });
      states.push(gateway.fleet.snapshot()[0]?.breaker);
    }
    expect(states).toEqual(["closed", "closed", "closed", "closed", "open"]);
    expect(await gateway.callTool(CALL)).toMatchObject({ code: "circuit_open" });
    expect(bus.of("circuit_breaker.state_changed")).toHaveLength(1);
    await gateway.close();
  });

  it("opens the breaker after repeated failures, and one success closes it again", async () => {
    let healthy = false;
    const reply = (request: { method: string }): UpstreamReply => {
      if (request.method === "tools/list") return resultReply({ tools: [{ name: "echo" }] });
      return healthy ? resultReply({}) : failed("connection");
    };
    const { gateway, platform, bus } = setUp({ reply });
    for (let call = 0; call < 5; call++) await gateway.callTool(CALL);
    expect(await gateway.callTool(CALL)).toMatchObject({ code: "circuit_open" });
    expect(gateway.fleet.snapshot()[0]?.breaker).toBe("open");
    await platform.clock.advanceAsync(30_000);
    healthy = true;
    expect(await gateway.callTool(CALL)).toMatchObject({ kind: "result" });
    expect(gateway.fleet.snapshot()[0]?.breaker).toBe("closed");
    expect(bus.of("circuit_breaker.state_changed").map(({ from, to }) => `${from}>${to}`)).toEqual([
      "closed>open",
      "open>half_open",
      "half_open>closed",
    ]);
    await gateway.close();
  });

  it("limits the rate of each principal on its own", async () => {
    const rateLimit = rateLimitOptions.parse({ enabled: true, requests_per_second: 1, burst: 2 });
    const { gateway, bus, platform } = setUp({}, { rateLimit });
    const results: CallResult[] = [];
    for (let call = 0; call < 3; call++) results.push(await gateway.callTool(CALL));
    expect(results.map((result) => result.kind)).toEqual(["result", "result", "failure"]);
    expect(results[2]).toMatchObject({ code: "rate_limited", retryAfterMs: 1_000 });
    await platform.clock.advanceAsync(1_000);
    expect((await gateway.callTool(CALL)).kind).toBe("result");
    expect(bus.of("call.finished").filter(({ outcome }) => outcome.status === "rejected")).toHaveLength(1);
    await gateway.close();
  });

  it("limits callers of the same name each on their own", async () => {
    const rateLimit = rateLimitOptions.parse({ enabled: true, requests_per_second: 1, burst: 1 });
    const { gateway } = setUp({}, { rateLimit });
    const named = (type: Caller["type"], credential: string): Caller => {
      return { type, id: registeredName("bob"), roles: [], credential };
    };
    const callers = [named("api_key", "api_key:1"), named("api_key", "api_key:2"), named("jwt", "jwt:issuer sub bob")];
    for (const caller of callers) expect(await gateway.callTool({ ...CALL, caller })).toMatchObject({ kind: "result" });
    for (const caller of callers)
      expect(await gateway.callTool({ ...CALL, caller })).toMatchObject({ code: "rate_limited" });
    await gateway.close();
  });

  it("hands the caller's trace on, without its baggage, and keeps its identifiers", async () => {
    const { gateway, transport, bus } = setUp();
    const traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    const meta = {
      traceparent,
      baggage: "secret=1",
      user_id: "alice",
      progressToken: 7,
      "io.modelcontextprotocol/clientInfo": { name: "agent", version: "1" },
      "example.com/own": true,
    };
    await gateway.callTool({ ...CALL, meta });
    const sent = transport.lastSession?.requests.find((request) => request.method === "tools/call");
    expect(sent?.trace).toEqual({ traceparent, tracestate: undefined });
    expect(sent?.params._meta).toEqual(meta);
    expect(bus.of("call.finished")[0]).toMatchObject({
      trace: { traceId: "0af7651916cd43dd8448eb211c80319c", spanId: "b7ad6b7169203331" },
      correlation: { userId: "alice" },
    });
    await gateway.close();
  });

  it("passes members of params on that look like its own failures", async () => {
    const { gateway, transport } = setUp();
    const result = await gateway.callTool({ ...CALL, extra: { kind: "failure", code: "internal", requestState: "s" } });
    expect(result.kind).toBe("result");
    const sent = transport.lastSession?.requests.find((request) => request.method === "tools/call");
    expect(sent?.params).toMatchObject({ kind: "failure", code: "internal", requestState: "s", name: "echo" });
    await gateway.close();
  });
});

describe("calls of a tool that hangs", () => {
  const reply = (request: UpstreamRequest) => {
    if (request.method === "tools/list") return resultReply({ tools: [{ name: "hang" }, { name: "echo" }] });
    return request.params.name === "hang" ? ("hang" as const) : resultReply({ content: [] });
  };

  it("open the breaker when the server answers nothing meanwhile, nor when it is asked for a sign of life", async () => {
    const { gateway, platform, transport } = setUp({
      reply: (request) => (request.method === "ping" ? "hang" : reply(request)),
    });
    const hanging = Array.from({ length: 5 }, () => gateway.callTool({ server: "math", tool: "hang" }));
    await platform.clock.advanceAsync(30_000);
    await Promise.all(hanging);
    expect(gateway.fleet.get("math")?.breaker.state()).toBe("closed");
    await platform.clock.advanceAsync(5_000);
    expect(gateway.fleet.get("math")?.breaker.state()).toBe("open");
    // One question for all who doubt.
    expect(transport.lastSession?.requests.filter(({ method }) => method === "ping")).toHaveLength(1);
  });

  it("say nothing about an idle server that gives a sign of life, however many they are", async () => {
    const { gateway, platform } = setUp({ reply });
    for (let round = 0; round < 3; round++) {
      const hanging = Array.from({ length: 10 }, () => gateway.callTool({ server: "math", tool: "hang" }));
      await platform.clock.advanceAsync(30_000);
      expect(await Promise.all(hanging)).toMatchObject(Array(10).fill({ code: "timeout" }));
    }
    expect(gateway.fleet.get("math")?.breaker.state()).toBe("closed");
    expect(await gateway.callTool(CALL)).toMatchObject({ kind: "result" });
  });

  it("leave the breaker half open when a call that probes it meets a tool that hangs on a live server", async () => {
    const { gateway, platform, transport } = setUp({
      reply: (request) => (request.method === "ping" ? "hang" : reply(request)),
    });
    const hanging = Array.from({ length: 5 }, () => gateway.callTool({ server: "math", tool: "hang" }));
    await platform.clock.advanceAsync(35_000);
    await Promise.all(hanging);
    transport.behaviour.reply = reply;
    await platform.clock.advanceAsync(30_000);
    const probe = gateway.callTool({ server: "math", tool: "hang" });
    await platform.clock.advanceAsync(30_000);
    expect(await probe).toMatchObject({ code: "timeout" });
    expect(gateway.fleet.get("math")?.breaker.state()).toBe("half_open");
    expect(await gateway.callTool(CALL)).toMatchObject({ kind: "result" });
    expect(gateway.fleet.get("math")?.breaker.state()).toBe("closed");
  });

  it("say nothing about a server that answers others meanwhile", async () => {
    const { gateway, platform } = setUp({ reply });
    const hanging = Array.from({ length: 5 }, () => gateway.callTool({ server: "math", tool: "hang" }));
    await platform.clock.advanceAsync(15_000);
    expect(await gateway.callTool(CALL)).toMatchObject({ kind: "result" });
    await platform.clock.advanceAsync(15_000);
    expect(await Promise.all(hanging)).toMatchObject(Array(5).fill({ code: "timeout" }));
    expect(gateway.fleet.get("math")?.breaker.state()).toBe("closed");
  });
});
