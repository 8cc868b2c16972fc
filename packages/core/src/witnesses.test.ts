import {
  type Attempt,
  type CallTracer,
  type Ended,
  type Intent,
  type Journal,
  passThroughTracer,
  type Written,
} from "@mcp-hangar/telemetry";
import { describe, expect, it } from "vitest";
import { Gateway, type GatewayOptions } from "./gateway.ts";
import { circuitBreakerOptions, executionOptions, rateLimitOptions, subprocessOptions } from "./options.ts";
import { type FakeBehaviour, FakeTransport, fakePlatform, RecordingBus, resultReply } from "./testing/index.ts";

/** A journal that notes what it is told, beside what reaches the server. */
class NotedJournal implements Journal {
  readonly intents: Intent[] = [];
  readonly ends: Ended[] = [];
  answer: () => Written = () => undefined;
  whenEnded: () => Written = () => undefined;
  readonly #notes: string[];

  constructor(notes: string[]) {
    this.#notes = notes;
  }

  begin(intent: Intent): Written {
    this.#notes.push("begin");
    this.intents.push(intent);
    return this.answer();
  }

  end(ended: Ended): Written {
    this.#notes.push("end");
    this.ends.push(ended);
    return this.whenEnded();
  }
}

function setUp(options: Partial<GatewayOptions> = {}, behaviour: Partial<FakeBehaviour> = {}) {
  const platform = fakePlatform();
  const bus = new RecordingBus();
  const notes: string[] = [];
  const journal = new NotedJournal(notes);
  const transport = new FakeTransport(platform.clock, {
    reply: ({ method }) => {
      if (method === "tools/list") return resultReply({ tools: [{ name: "echo" }] });
      notes.push("sent");
      return resultReply({ content: [] });
    },
    ...behaviour,
  });
  const gateway = new Gateway({
    servers: { math: subprocessOptions.parse({ mode: "subprocess", command: "fake" }) },
    execution: executionOptions.parse({}),
    circuitBreaker: circuitBreakerOptions.parse({}),
    bus,
    journal,
    platform,
    info: { name: "test", version: "0" },
    transports: () => transport,
    ...options,
  });
  return { gateway, bus, notes, journal, transport, platform };
}

const CALL = { server: "math", tool: "echo" };
const READ = { server: "math", method: "resources/read", params: { uri: "memo://a" } };

describe("a journal", () => {
  it("is asked before anything is sent and told before the answer leaves, of calls and of other requests", async () => {
    const { gateway, notes, journal } = setUp();
    const answered = (): void => void notes.push("answered");
    await gateway.callTool(CALL).then(answered);
    await gateway.relay(READ).then(answered);
    const each = ["begin", "sent", "end", "answered"];
    expect(notes).toEqual([...each, ...each]);
    expect(journal.intents).toMatchObject([
      { kind: "call", method: "tools/call", server: "math", subject: "echo", caller: { id: "local" } },
      { kind: "request", method: "resources/read", server: "math" },
    ]);
    const ids = journal.ends.map((end) => ("callId" in end ? end.callId : "requestId" in end && end.requestId));
    expect(ids).toEqual(journal.intents.map(({ id }) => id));
  });

  it.each([
    ["at once", (): Written => ({ message: "the disk is full", retryAfterMs: 5_000 })],
    ["later", async () => ({ message: "the disk is full", retryAfterMs: 5_000 })],
  ])("that refuses %s lets nothing be sent", async (_when, answer) => {
    const { gateway, notes, journal } = setUp();
    journal.answer = answer;
    const refusal = {
      kind: "failure",
      code: "audit_unavailable",
      message: "nothing was done: the disk is full",
      retryAfterMs: 5_000,
      maybeExecuted: false,
    };
    expect(await gateway.callTool(CALL)).toEqual(refusal);
    expect(await gateway.relay(READ)).toEqual(refusal);
    expect(notes).toEqual(["begin", "end", "begin", "end"]);
    expect(journal.ends).toMatchObject([
      { type: "call.finished", outcome: { status: "error", errorType: "audit_unavailable" } },
      { type: "request.finished", outcome: { status: "error", errorType: "audit_unavailable" } },
    ]);
    // It was not the server's fault.
    expect(gateway.fleet.get("math")?.breaker.state()).toBe("closed");
  });

  it("is told of calls that were refused before they began, too", async () => {
    const { gateway, notes, journal } = setUp({
      rateLimit: rateLimitOptions.parse({ enabled: true, requests_per_second: 1, burst: 1 }),
    });
    await gateway.callTool({ ...CALL, tool: "" });
    await gateway.callTool({ ...CALL, server: "nobody" });
    await gateway.callTool(CALL);
    await gateway.callTool(CALL);
    expect(notes).toEqual(["end", "end", "begin", "sent", "end", "end"]);
    const reasons = journal.ends.map((end) => "outcome" in end && typeof end.outcome === "object" && end.outcome);
    expect(reasons).toMatchObject([
      { reason: "invalid_request" },
      { reason: "unknown_tool" },
      { status: "success" },
      { reason: "rate_limited" },
    ]);
  });

  it.each([
    ["the deadline has passed", "timeout", ({ platform }: ReturnType<typeof setUp>) => platform.clock.advance(60_000)],
    ["the caller has left", "cancelled", (_parts: ReturnType<typeof setUp>, caller: AbortController) => caller.abort()],
  ])("that does not answer holds a call until %s, and nothing is sent", async (_when, code, giveUp) => {
    const parts = setUp();
    const { gateway, notes, journal } = parts;
    const late = Promise.withResolvers<undefined>();
    journal.answer = () => late.promise;
    const works = [
      (signal: AbortSignal) => gateway.callTool(CALL, signal),
      (signal: AbortSignal) => gateway.relay(READ, signal),
    ];
    for (const work of works) {
      notes.length = 0;
      const caller = new AbortController();
      const result = work(caller.signal);
      await expect.poll(() => notes).toEqual(["begin"]);
      giveUp(parts, caller);
      expect(await result).toMatchObject({ kind: "failure", code, maybeExecuted: false });
      expect(notes).toEqual(["begin", "end"]);
    }
    // An answer that comes too late changes nothing.
    late.resolve(undefined);
    await new Promise((resolve) => setImmediate(resolve));
    expect(notes).toEqual(["begin", "end"]);
    journal.answer = () => undefined;
    expect(await gateway.callTool(CALL)).toMatchObject({ kind: "result" });
  });

  it("holds the answer until it has written the end down", async () => {
    const { gateway, notes, journal } = setUp();
    const written = Promise.withResolvers<undefined>();
    journal.whenEnded = () => written.promise;
    const answered = gateway.callTool(CALL).then(() => notes.push("answered"));
    await expect.poll(() => notes).toEqual(["begin", "sent", "end"]);
    await new Promise((resolve) => setImmediate(resolve));
    expect(notes).not.toContain("answered");
    written.resolve(undefined);
    await answered;
    expect(notes).toContain("answered");
  });

  it.each([
    ["at once", (): Written => ({ message: "the disk is full", retryAfterMs: 5_000 })],
    ["later", async () => ({ message: "the disk is full", retryAfterMs: 5_000 })],
  ])("that cannot write an end, and says so %s, has the answer withheld", async (_when, answer) => {
    const { gateway, notes, journal } = setUp();
    journal.whenEnded = answer;
    const withheld = {
      kind: "failure",
      code: "audit_unavailable",
      message: "it may have been done, and how it ended could not be written down: the disk is full",
      retryAfterMs: 5_000,
      maybeExecuted: true,
    };
    const unknown = { server: "nobody", tool: "echo" };
    expect(await gateway.callTool(CALL)).toEqual(withheld);
    expect(await gateway.relay(READ)).toEqual(withheld);
    // What was never sent is not said to have been done.
    const refused = { ...withheld, message: "nothing was done: the disk is full", maybeExecuted: false };
    expect(await gateway.callTool(unknown)).toEqual(refused);
    expect(notes).toEqual(["begin", "sent", "end", "begin", "sent", "end", "end"]);
    expect(gateway.fleet.get("math")?.breaker.state()).toBe("closed");
  });
});

describe("a tracer", () => {
  it("gets a span for each request and one for each attempt, whose context is what the server is sent", async () => {
    const traceparent = "00-0af7651916cd43dd8448eb211c80319c-00f067aa0ba902b7-01";
    const starts: unknown[] = [];
    const attempts: Attempt[] = [];
    const tracer: CallTracer = {
      ...passThroughTracer,
      startCall({ method, tool, origin, batchId, link }) {
        starts.push({ method, tool, origin, batchId, link });
        return {
          trace: undefined,
          event() {},
          startAttempt: () => ({ outbound: { traceparent }, end: (attempt) => attempts.push(attempt) }),
          end() {},
        };
      },
    };
    const { gateway, transport } = setUp({ tracer, journal: undefined });
    const meta = { traceparent: "00-11111111111111111111111111111111-2222222222222222-00" };
    const trace = { traceparent: "00-33333333333333333333333333333333-4444444444444444-00" };
    await gateway.callTool({ ...CALL, meta, trace, origin: "batch", batch: { id: "b", index: 3, attempt: 1 } });
    await gateway.relay(READ);
    expect(starts).toEqual([
      { method: "tools/call", tool: "echo", origin: "batch", batchId: "b", link: trace },
      { method: "resources/read", tool: undefined, origin: "library", batchId: undefined, link: undefined },
    ]);
    expect(attempts).toMatchObject([
      { server: "math", code: "success" },
      { server: "math", code: "success" },
    ]);
    const sent = transport.lastSession?.requests.filter(({ method }) => method !== "tools/list") ?? [];
    expect(sent.map((request) => request.trace.traceparent)).toEqual([traceparent, traceparent]);
  });
});

describe("what is untold", () => {
  it("is each call and each other request from its beginning to its end, however that is", async () => {
    const { gateway, bus, journal } = setUp();
    const asked = Promise.withResolvers<Awaited<Written>>();
    journal.answer = () => asked.promise;
    const ends = ["call.finished", "request.finished"];
    const told = (): number => bus.events.filter(({ type }) => ends.includes(type)).length;
    const leaving = new AbortController();
    const work = [gateway.callTool(CALL), gateway.relay(READ), gateway.callTool(CALL, leaving.signal)];
    await gateway.callTool({ ...CALL, server: "nobody" });
    await gateway.relay({ ...READ, server: "nobody" });
    expect([gateway.untold(), told()]).toEqual([3, 2]);
    leaving.abort();
    await work[2];
    expect([gateway.untold(), told()]).toEqual([2, 3]);
    asked.resolve(undefined);
    await Promise.all(work);
    expect([gateway.untold(), told()]).toEqual([0, 5]);
  });

  it("is nothing soon after the end, with servers that never answer", async () => {
    const { gateway } = setUp({}, { reply: () => "hang" });
    const work = [gateway.callTool(CALL), gateway.relay(READ)];
    expect(gateway.untold()).toBe(2);
    await gateway.close();
    await Promise.all(work);
    expect(gateway.untold()).toBe(0);
  });
});
