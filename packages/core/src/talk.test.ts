import { describe, expect, it } from "vitest";
import type { CallResult, RelayContext } from "./call.ts";
import { Gateway } from "./gateway.ts";
import {
  circuitBreakerOptions,
  type EntryOptions,
  executionOptions,
  groupOptions,
  type ServerOptions,
  subprocessOptions,
} from "./options.ts";
import type { JsonObject } from "./protocol/json-rpc.ts";
import { type FakePlatform, FakeTransport, fakePlatform, RecordingBus, resultReply } from "./testing/index.ts";
import type { ServerRequestReply, UpstreamReply, UpstreamRequest } from "./transports/session.ts";

type Work = (request: UpstreamRequest, platform: FakePlatform) => Promise<UpstreamReply>;

/** A gateway with one server that does `work` in each call and never answers a ping, and with a group of it alone. */
function setUp(work: Work, options: Partial<ServerOptions> = {}) {
  const platform = fakePlatform();
  const bus = new RecordingBus();
  const transport = new FakeTransport(platform.clock, {
    reply: (request) => {
      if (request.method === "tools/list") return resultReply({ tools: [{ name: "work" }] });
      return request.method === "tools/call" ? work(request, platform) : "hang";
    },
  });
  const parsed = subprocessOptions.parse({ mode: "subprocess", command: "fake", call_timeout_s: 10, ...options });
  const servers: Record<string, EntryOptions> = {
    one: parsed,
    all: groupOptions.parse({ mode: "group", members: [{ id: "one" }], call_timeout_s: 10 }),
  };
  const gateway = new Gateway({
    servers,
    execution: executionOptions.parse({}),
    circuitBreaker: circuitBreakerOptions.parse({ failure_threshold: 1 }),
    bus,
    platform,
    info: { name: "test", version: "0" },
    transports: () => transport,
  });
  const call = async (context: Partial<RelayContext> = {}, { server = "one", forMs = 0 } = {}): Promise<CallResult> => {
    const result = gateway.callTool({ server, tool: "work", arguments: {}, ...context });
    await platform.clock.advanceAsync(forMs);
    return await result;
  };
  const breaker = (): string | undefined => gateway.fleet.get("one")?.breaker.state();
  return { gateway, platform, call, breaker };
}

/** What a tool answers: the text of what the client said. */
const told = (reply: ServerRequestReply | undefined): UpstreamReply => {
  const text = reply?.kind === "result" ? JSON.stringify(reply.result.name) : (reply?.error.message ?? "not asked");
  return resultReply({ content: [{ type: "text", text }] });
};
const asks: Work = async (request) =>
  told(await request.onServerRequest?.({ id: 1, method: "elicitation/create", params: {} }));
const answersAfter =
  ({ clock }: FakePlatform, ms: number): NonNullable<RelayContext["onServerRequest"]> =>
  () =>
    new Promise((resolve) => {
      clock.schedule(ms, () => resolve({ kind: "result", result: { name: "eve" } }));
    });
const pause = ({ clock }: FakePlatform, ms: number): Promise<void> =>
  new Promise((resolve) => {
    clock.schedule(ms, resolve);
  });
const textOf = (result: CallResult): unknown =>
  result.kind === "result" ? (result.result.value.content as readonly JsonObject[])[0]?.text : result;

describe("while a client is asked", () => {
  it.each(["one", "all"])("the time of the call stands still (%s)", async (server) => {
    const { call, platform, breaker } = setUp(asks);
    const onServerRequest = answersAfter(platform, 300_000);
    expect(textOf(await call({ onServerRequest }, { server, forMs: 300_000 }))).toBe(`"eve"`);
    expect(breaker()).toBe("closed");
  });

  it("the server has what was left of it afterwards, and its silence then is none", async () => {
    const { call, platform, breaker } = setUp(async (request, machine) => {
      await pause(machine, 6_000);
      await asks(request, machine);
      await pause(machine, 3_999);
      return resultReply({ content: [{ type: "text", text: "in time" }] });
    });
    const onServerRequest = answersAfter(platform, 60_000);
    expect(textOf(await call({ onServerRequest }, { forMs: 70_000 }))).toBe("in time");
    const late = setUp(async (request, machine) => {
      await asks(request, machine);
      return await new Promise<UpstreamReply>(() => undefined);
    });
    const asked = answersAfter(late.platform, 60_000);
    expect(await late.call({ onServerRequest: asked }, { forMs: 70_000 })).toMatchObject({ code: "timeout" });
    expect([breaker(), late.breaker()]).toEqual(["closed", "closed"]);
  });

  it("nobody waits for ever: the server hears that the client did not answer, and goes on", async () => {
    const { call, breaker } = setUp(asks, { ask_timeout_s: 60 });
    const onServerRequest: RelayContext["onServerRequest"] = () => new Promise(() => undefined);
    const text = "elicitation/create: the client did not answer within 60 s";
    expect(textOf(await call({ onServerRequest }, { forMs: 60_000 }))).toBe(text);
    expect(breaker()).toBe("closed");
  });

  it("a client that declines is no failure of the server", async () => {
    const { call, breaker } = setUp(async (request, platform) => {
      await asks(request, platform);
      return resultReply({ content: [], isError: true });
    });
    const onServerRequest: RelayContext["onServerRequest"] = async () => ({
      kind: "error",
      error: { code: -1, message: "declined" },
    });
    expect(await call({ onServerRequest })).toMatchObject({ kind: "result", result: { isError: true } });
    expect(breaker()).toBe("closed");
  });

  it("the limit of all calls goes on", async () => {
    const work: Work = async (request, platform) => {
      for (;;) await asks(request, platform);
    };
    const { call, platform, breaker } = setUp(work, { max_call_s: 100 });
    expect(await call({ onServerRequest: answersAfter(platform, 30_000) }, { forMs: 100_000 })).toMatchObject({
      code: "timeout",
      message: 'server "one" worked for 100 s, which is the limit (max_call_s)',
    });
    expect(breaker()).toBe("closed");
  });
});

describe("progress", () => {
  const reports =
    (times: number, everyMs: number): Work =>
    async (request, platform) => {
      for (let i = 0; i < times; i++) {
        await pause(platform, everyMs);
        request.onNotification?.({ method: "notifications/progress", params: { progressToken: "t", progress: i } });
      }
      await pause(platform, everyMs);
      return resultReply({ content: [{ type: "text", text: "done" }] });
    };
  const meta = { progressToken: "t" };

  it.each(["one", "all"])("extends a call, and is passed on (%s)", async (server) => {
    const heard: unknown[] = [];
    const { call } = setUp(reports(6, 9_000));
    const onNotification: RelayContext["onNotification"] = ({ params }) => void heard.push(params.progress);
    expect(textOf(await call({ meta, onNotification }, { server, forMs: 63_000 }))).toBe("done");
    expect(heard).toEqual([0, 1, 2, 3, 4, 5]);
  });

  it("that ends leaves the time of a call, and then the server hears nothing said against it", async () => {
    const { call, breaker } = setUp(async (request, platform) => {
      await reports(3, 5_000)(request, platform);
      return await new Promise<UpstreamReply>(() => undefined);
    });
    expect(await call({ meta }, { forMs: 40_000 })).toMatchObject({
      code: "timeout",
      message: 'server "one" has shown no progress for 10 s',
    });
    expect(breaker()).toBe("closed");
  });

  it("does not extend the time that a caller has set", async () => {
    const { call } = setUp(reports(6, 9_000));
    const result = await call({ meta, timeoutMs: 20_000 }, { forMs: 20_000 });
    expect(result).toMatchObject({ code: "timeout", message: 'server "one" did not answer within 20 s' });
  });

  it("keeps health checks that nobody answers meanwhile from counting", async () => {
    const { gateway, platform } = setUp(reports(6, 9_000));
    const server = gateway.fleet.get("one");
    const working = gateway.callTool({ server: "one", tool: "work", arguments: {}, meta });
    await platform.clock.advanceAsync(5_000);
    const during = server?.check(10_000);
    await platform.clock.advanceAsync(58_000);
    expect(textOf(await working)).toBe("done");
    expect(await during).toMatchObject({ result: "skipped" });
    const after = server?.check(10_000);
    await platform.clock.advanceAsync(10_000);
    expect(await after).toMatchObject({ result: "unhealthy" });
    expect(server?.state.failures).toBe(1);
  });
});
