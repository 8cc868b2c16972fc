import { type Caller, registeredName } from "@mcp-hangar/telemetry";
import { describe, expect, it } from "vitest";
import type { ToolCall } from "./call.ts";
import { FAILURES, type FailureCode, isRetryable } from "./errors.ts";
import { Gateway, type GatewayOptions } from "./gateway.ts";
import { circuitBreakerOptions, executionOptions, rateLimitOptions, subprocessOptions } from "./options.ts";
import {
  type FakeBehaviour,
  type FakePlatform,
  FakeTransport,
  fakePlatform,
  RecordingBus,
  resultReply,
} from "./testing/index.ts";
import { StartError, type UpstreamFailure } from "./transports/session.ts";

/** What the gateway and its one server are like, and what is done until the call has ended. */
interface Cause {
  readonly code: FailureCode;
  readonly retryable: boolean;
  readonly mayHaveRun: boolean;
  readonly reply?: UpstreamFailure | "hang";
  readonly behaviour?: Partial<FakeBehaviour>;
  readonly options?: Partial<GatewayOptions>;
  readonly server?: object;
  readonly call?: Partial<ToolCall>;
  /** Calls that are made before, and not waited for. */
  readonly before?: number;
  /** What happens while the call waits or runs. */
  readonly meanwhile?: (rig: { readonly gateway: Gateway; readonly leave: () => void }) => void;
  readonly afterMs?: number;
}

const CALLER: Caller = { type: "api_key", id: registeredName("ann"), roles: [], credential: "api_key:ann" };
const broken = (errorType: UpstreamFailure["errorType"], maybeExecuted: boolean): UpstreamFailure => ({
  kind: "failed",
  errorType,
  message: "it failed",
  maybeExecuted,
});
const start = (code: string): Pick<Cause, "behaviour"> => ({ behaviour: { openError: new StartError(code, "no") } });
const never = { mayHaveRun: false } as const;
const maybe = { mayHaveRun: true } as const;

/** Every place at which a call can fail, on its way to the server, at it, and while its answer is awaited. */
const CAUSES: Readonly<Record<string, Cause>> = {
  "no name": { code: "invalid_request", retryable: false, ...never, call: { tool: "" } },
  "a server that does not exist": { code: "unknown_tool", retryable: false, ...never, call: { server: "none" } },
  "a tool that does not exist": { code: "unknown_tool", retryable: false, ...never, call: { tool: "none" } },
  // It hears what somebody hears who asks for a tool that does not exist.
  "a caller without the right": {
    code: "unknown_tool",
    retryable: false,
    ...never,
    options: { access: () => ({ result: "denied", by: "test" }) },
  },
  "arguments that are no object": {
    code: "invalid_request",
    retryable: false,
    ...never,
    call: { arguments: 1 as never },
  },
  "a rate limit": {
    code: "rate_limited",
    retryable: true,
    ...never,
    before: 1,
    options: { rateLimit: rateLimitOptions.parse({ enabled: true, requests_per_second: 0.001, burst: 1 }) },
  },
  "a queue that is full": {
    code: "overloaded",
    retryable: true,
    ...never,
    reply: "hang",
    before: 2,
    options: { execution: executionOptions.parse({ default_mcp_server_concurrency: 1, max_waiting: 1 }) },
  },
  "a deadline that passes in the queue": {
    code: "timeout",
    retryable: true,
    ...never,
    reply: "hang",
    before: 1,
    server: { max_concurrency: 1 },
    call: { timeoutMs: 10 },
    afterMs: 10,
  },
  "a caller who leaves the queue": {
    code: "cancelled",
    retryable: false,
    ...never,
    reply: "hang",
    before: 1,
    server: { max_concurrency: 1 },
    meanwhile: ({ leave }) => leave(),
  },
  "an open breaker": {
    code: "circuit_open",
    retryable: true,
    ...never,
    reply: broken("connection", true),
    before: 1,
    options: { circuitBreaker: circuitBreakerOptions.parse({ failure_threshold: 1 }) },
  },
  "a crash at the start": { code: "start_failed", retryable: true, ...never, ...start("exited") },
  "nobody who listens": { code: "start_failed", retryable: true, ...never, ...start("connection_refused") },
  "a start refused with HTTP 401": { code: "start_failed", retryable: false, ...never, ...start("auth_failed") },
  "a start refused with HTTP 307": { code: "start_failed", retryable: false, ...never, ...start("redirected") },
  "a start refused with HTTP 400": { code: "start_failed", retryable: false, ...never, ...start("not_mcp") },
  "a start refused with HTTP 404": { code: "start_failed", retryable: false, ...never, ...start("not_found") },
  "a start refused with HTTP 503": { code: "start_failed", retryable: true, ...never, ...start("overloaded") },
  "no such command": { code: "start_failed", retryable: false, ...never, ...start("command_not_found") },
  "a deadline that passes at the start": {
    code: "timeout",
    retryable: true,
    ...never,
    behaviour: { openHangs: true },
    call: { timeoutMs: 10 },
    afterMs: 10,
  },
  "no connection": { code: "connection", retryable: true, ...never, reply: broken("connection", false) },
  "HTTP 401": { code: "upstream_auth", retryable: false, ...never, reply: broken("upstream_auth", false) },
  "HTTP 429": { code: "overloaded", retryable: true, ...never, reply: broken("overloaded", false) },
  "HTTP 400": { code: "upstream_rejected", retryable: false, ...maybe, reply: broken("upstream_rejected", true) },
  "HTTP 500": { code: "upstream_error", retryable: true, ...maybe, reply: broken("upstream_error", true) },
  "an answer that is not MCP": { code: "protocol", retryable: false, ...maybe, reply: broken("protocol", true) },
  "a connection that breaks": { code: "connection", retryable: true, ...maybe, reply: broken("connection", true) },
  "a deadline that passes at the server": {
    code: "timeout",
    retryable: true,
    ...maybe,
    reply: "hang",
    call: { timeoutMs: 10 },
    afterMs: 10,
  },
  "a caller who leaves while it runs": {
    code: "cancelled",
    retryable: false,
    ...maybe,
    reply: "hang",
    meanwhile: ({ leave }) => leave(),
  },
  "an end of the gateway": {
    code: "connection",
    retryable: true,
    ...maybe,
    reply: "hang",
    meanwhile: ({ gateway }) => void gateway.close(),
  },
  "a bug of the gateway": {
    code: "internal",
    retryable: false,
    ...maybe,
    options: {
      access: () => {
        throw new Error("a bug");
      },
    },
  },
};

/** Refused by the doors, which know who asks, and by the journal that is asked before (`witnesses.test.ts`). */
const ELSEWHERE: readonly FailureCode[] = ["access_denied", "unauthenticated", "audit_unavailable"];

interface Rig {
  readonly gateway: Gateway;
  readonly platform: FakePlatform;
  /** How often a tool was called at the server. */
  readonly ran: () => number;
}

function rigOf({ reply, behaviour, options, server }: Cause): Rig {
  const platform = fakePlatform();
  let ran = 0;
  const gateway = new Gateway({
    servers: { math: subprocessOptions.parse({ mode: "subprocess", command: "fake", ...server }) },
    execution: executionOptions.parse({}),
    circuitBreaker: circuitBreakerOptions.parse({}),
    bus: new RecordingBus(),
    platform,
    info: { name: "test", version: "0" },
    transports: () =>
      new FakeTransport(platform.clock, {
        reply: ({ method }) => {
          if (method === "tools/list") return resultReply({ tools: [{ name: "echo" }] });
          ran += 1;
          return reply ?? resultReply({});
        },
        ...behaviour,
      }),
    ...options,
  });
  return { gateway, platform, ran: () => ran };
}

describe("a call that fails", () => {
  it.each(Object.entries(CAUSES))(
    "says whether it may have run, and whether to try again: %s",
    async (_what, cause) => {
      const { gateway, platform, ran } = rigOf(cause);
      const call: ToolCall = { server: "math", tool: "echo", arguments: {}, caller: CALLER };
      const left = new AbortController();
      const others = Array.from({ length: cause.before ?? 0 }, () => gateway.callTool(call));
      await platform.clock.advanceAsync(0);
      const before = ran();
      const running = gateway.callTool({ ...call, ...cause.call }, left.signal);
      await platform.clock.advanceAsync(0);
      cause.meanwhile?.({ gateway, leave: () => left.abort() });
      await platform.clock.advanceAsync(cause.afterMs ?? 0);
      const result = await running;
      expect(result).toMatchObject({ kind: "failure", code: cause.code, maybeExecuted: cause.mayHaveRun });
      if (result.kind === "failure") expect(isRetryable(result)).toBe(cause.retryable);
      // The rule: what has not been handed to the session of the server has not run.
      if (ran() === before && cause.code !== "internal") expect(cause.mayHaveRun).toBe(false);
      await gateway.close();
      await Promise.all(others);
    },
  );

  it("does so by a table that has every kind of failure", () => {
    const tried = new Set(Object.values(CAUSES).map(({ code }) => code));
    expect([...tried, ...ELSEWHERE].sort()).toEqual(Object.keys(FAILURES).sort());
  });
});
