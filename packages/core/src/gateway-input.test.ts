import { expect, it } from "vitest";
import type { ToolCall } from "./call.ts";
import { Gateway } from "./gateway.ts";
import { circuitBreakerOptions, executionOptions, subprocessOptions } from "./options.ts";
import { FakeTransport, fakePlatform, RecordingBus, resultReply, settlePromises } from "./testing/index.ts";
import type { UpstreamReply } from "./transports/session.ts";

const WANTED = { resultType: "input_required", inputRequests: { roots: { method: "roots/list" } } };
const CALL: ToolCall = { server: "math", tool: "echo", clientEra: "legacy" };
const BROKEN: UpstreamReply = { kind: "failed", errorType: "connection", message: "broke", maybeExecuted: true };

function setUp(final: UpstreamReply = resultReply({ content: [] })) {
  const platform = fakePlatform();
  const bus = new RecordingBus();
  const transport = new FakeTransport(platform.clock, {
    reply: ({ method, params }) => {
      if (method === "tools/list") return resultReply({ tools: [{ name: "echo" }] });
      return params.inputResponses === undefined ? resultReply(WANTED) : final;
    },
  });
  const gateway = new Gateway({
    servers: { math: subprocessOptions.parse({ mode: "subprocess", command: "fake", call_timeout_s: 10 }) },
    execution: executionOptions.parse({}),
    circuitBreaker: circuitBreakerOptions.parse({ failure_threshold: 1 }),
    bus,
    platform,
    info: { name: "test", version: "0" },
    transports: () => transport,
  });
  const outcomes = (): unknown[] => bus.of("call.finished").map(({ outcome }) => outcome);
  return { gateway, platform, transport, outcomes };
}

it("a call of a legacy client with a question in between is one call", async () => {
  const { gateway, transport, outcomes } = setUp();
  const result = await gateway.callTool({
    ...CALL,
    onServerRequest: async () => ({ kind: "result", result: { roots: [] } }),
  });
  expect(result.kind === "result" && result.result.value).toEqual({ content: [] });
  expect(transport.lastSession?.requests.map(({ method }) => method)).toEqual([
    "tools/list",
    "tools/call",
    "tools/call",
  ]);
  expect(outcomes()).toEqual([{ status: "success", resultType: "complete" }]);
  await gateway.close();
});

it("a modern client gets the question itself", async () => {
  const { gateway, outcomes } = setUp();
  const result = await gateway.callTool({ ...CALL, clientEra: "modern" });
  expect(result.kind === "result" && result.result.value).toEqual(WANTED);
  expect(outcomes()).toEqual([{ status: "success", resultType: "input_required" }]);
  await gateway.close();
});

it("a client that never answers ends the call when the time for its answer is up, and does not open the server's breaker", async () => {
  const { gateway, platform, outcomes } = setUp();
  const call = gateway.callTool({ ...CALL, onServerRequest: () => new Promise(() => {}) });
  await settlePromises();
  await platform.clock.advanceAsync(599_999);
  expect(outcomes()).toEqual([]);
  await platform.clock.advanceAsync(1);
  expect(await call).toMatchObject({
    kind: "error",
    error: { message: expect.stringContaining("the client did not answer within 600 s") },
  });
  expect(outcomes()).toMatchObject([{ status: "error", errorType: "upstream_error" }]);
  expect(gateway.fleet.snapshot()[0]?.breaker).toBe("closed");
  await gateway.close();
});

it("a server that breaks in a later round opens its breaker", async () => {
  const { gateway, outcomes } = setUp(BROKEN);
  const result = await gateway.callTool({ ...CALL, onServerRequest: async () => ({ kind: "result", result: {} }) });
  expect(result).toMatchObject({ kind: "failure", code: "connection" });
  expect(outcomes()).toMatchObject([{ status: "error", errorType: "connection" }]);
  expect(gateway.fleet.snapshot()[0]?.breaker).toBe("open");
  await gateway.close();
});
