import { registeredName, Sensitive } from "@mcp-hangar/telemetry";
import { LangfuseReceiver } from "@mcp-hangar/testing/langfuse";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { Langfuse, type LangfuseOptions } from "../src/index.ts";
import { attempt, callEvent, ENDED_MS, fastClock, relayedBytes } from "./call-events.ts";

/** Longer than any test. */
const LONG_MS = 60_000;

let receiver: LangfuseReceiver;
beforeEach(async () => {
  receiver = await LangfuseReceiver.start();
});
afterEach(() => receiver.close());

function start(options: Partial<LangfuseOptions> = {}): Langfuse {
  const { publicKey, secretKey } = LangfuseReceiver;
  const time = { clock: fastClock(1), random: Math.random };
  return new Langfuse({ publicKey, secretKey, host: receiver.url, ...time, ...options });
}

/** Sends calls, and everything that they lead to. */
async function send(
  options: Partial<LangfuseOptions>,
  ...calls: readonly Parameters<typeof callEvent>[0][]
): Promise<Langfuse> {
  const langfuse = start(options);
  for (const call of calls) langfuse.listener(callEvent(call));
  expect(await langfuse.flush(LONG_MS)).toBe(true);
  await langfuse.close(1_000);
  expect(receiver.refusals).toEqual([]);
  return langfuse;
}

describe("a call", () => {
  it("is an observation of a tool, with everything that Langfuse filters by", async () => {
    await send(
      { environment: "production", release: "abc123", version: "1.2.3" },
      {
        callId: "call-of-ada",
        correlation: { traceId: "0123456789abcdef0123456789abcdef", userId: "user-123", sessionId: "session-456" },
        client: { ...callEvent().client, name: "agent", version: "2.0.0" },
        batch: { id: "batch-1", index: 3, attempt: 1 },
        group: registeredName("pool"),
      },
    );
    expect(receiver.spans).toHaveLength(1);
    const [span] = receiver.spans;
    expect(span).toMatchObject({
      traceId: "0123456789abcdef0123456789abcdef",
      parentSpanId: undefined,
      name: "math/add",
      kind: "SPAN_KIND_CLIENT",
      startTimeUnixNano: BigInt(ENDED_MS - 100) * 1_000_000n,
      endTimeUnixNano: BigInt(ENDED_MS) * 1_000_000n,
      status: { code: "STATUS_CODE_UNSET" },
      resource: { "service.name": "mcp-hangar", "service.version": "1.2.3" },
      scope: { name: "@mcp-hangar/langfuse", version: "1.2.3" },
    });
    expect(span?.attributes).toEqual({
      "langfuse.observation.type": "tool",
      "langfuse.observation.level": "DEFAULT",
      "langfuse.observation.input": "[redacted]",
      "langfuse.observation.output": "[redacted]",
      "langfuse.trace.name": "math/add",
      "user.id": "user-123",
      "session.id": "session-456",
      "langfuse.environment": "production",
      "langfuse.release": "abc123",
      "langfuse.version": "1.2.3",
      "langfuse.observation.metadata.call_id": "call-of-ada",
      "langfuse.observation.metadata.mcp_server": "math",
      "langfuse.observation.metadata.mcp_server_group": "pool",
      "langfuse.observation.metadata.mcp_server_mode": "remote",
      "langfuse.observation.metadata.tool": "add",
      "langfuse.observation.metadata.status": "success",
      "langfuse.observation.metadata.cold_start": false,
      "langfuse.observation.metadata.duration_ms": 100n,
      "langfuse.observation.metadata.waited_ms": 0n,
      "langfuse.observation.metadata.attempts": 1n,
      "langfuse.observation.metadata.request_bytes": 120n,
      "langfuse.observation.metadata.response_bytes": 340n,
      "langfuse.observation.metadata.origin": "mcp",
      "langfuse.observation.metadata.caller": "ada",
      "langfuse.observation.metadata.caller_type": "api_key",
      "langfuse.observation.metadata.client": "agent",
      "langfuse.observation.metadata.client_version": "2.0.0",
      "langfuse.observation.metadata.batch_id": "batch-1",
      "langfuse.observation.metadata.batch_index": 3n,
      "langfuse.observation.metadata.batch_attempt": 1n,
    });
  });

  it.each([
    [
      { status: "error", errorType: "upstream_error", message: "no such file" },
      "ERROR",
      "upstream_error (-32603)",
      [0],
    ],
    [{ status: "timeout", errorType: "timeout", message: "did not answer" }, "ERROR", "timeout", [0]],
    [{ status: "rejected", reason: "rate_limited", message: "too many" }, "WARNING", "rate_limited", []],
    [{ status: "cancelled", message: "by the caller" }, "WARNING", "cancelled", []],
  ] as const)("that ended as %o has level %s, and a message without words of others", async (...expected) => {
    const [outcome, level, message, success] = expected;
    const rpcErrorCode = outcome.status === "error" ? -32_603 : undefined;
    await send({}, { outcome, rpcErrorCode, result: undefined, durationSeconds: 0.012_345 });
    const [span] = receiver.spans;
    expect(span?.attributes).toMatchObject({
      "langfuse.observation.level": level,
      "langfuse.observation.status_message": message,
    });
    expect(span?.attributes).not.toHaveProperty("langfuse.observation.output");
    expect(span?.status.code).toBe(level === "ERROR" ? "STATUS_CODE_ERROR" : "STATUS_CODE_UNSET");
    const scores = (name: string): readonly number[] =>
      receiver.scores.filter((score) => score.name === name).map(({ value }) => value);
    expect(scores("tool_success")).toEqual(success);
    expect(scores("tool_latency_ms")).toEqual(success.map(() => 12.345));
  });

  it("is scored at its observation", async () => {
    await send({ environment: "staging" }, { durationSeconds: 0.2 });
    const [span] = receiver.spans;
    const common = { traceId: span?.traceId, observationId: span?.spanId, environment: "staging" };
    expect(receiver.scores.toSorted((a, b) => a.name.localeCompare(b.name))).toEqual([
      { id: `${span?.spanId}-tool_latency_ms`, ...common, name: "tool_latency_ms", value: 200, dataType: "NUMERIC" },
      { id: `${span?.spanId}-tool_success`, ...common, name: "tool_success", value: 1, dataType: "BOOLEAN" },
    ]);
  });

  it("leaves as one observation however often it is sent, and no scores leave when they are off", async () => {
    await send({ scores: false }, { callId: "same" }, { callId: "same" });
    expect(new Set(receiver.spans.map(({ spanId }) => spanId)).size).toBe(1);
    expect(receiver.scores).toEqual([]);
  });

  it("belongs to the session of its client where the caller names none, without the id that opens it", async () => {
    const client = { ...callEvent().client, sessionId: "0b6c7b5e-1d2f-4c7a-9b63-2a1f0c9d8e7f" };
    await send({}, { client }, { client }, { client, correlation: { sessionId: "session-456" } });
    const [first, second, named] = receiver.spans.map(({ attributes }) => attributes["session.id"]);
    expect(first).toMatch(/^mcp-[0-9a-f]{32}$/);
    expect([second, named]).toEqual([first, "session-456"]);
    expect(receiver.raw.join("\n")).not.toContain("0b6c7b5e");
  });

  it("has the cost and the tokens that its server reports, and nothing where it reports none", async () => {
    const usage = { cost: 0.25, currency: "USD", model: "large-1", inputTokens: 120, outputTokens: 30 };
    await send({}, { usage }, { usage: { cost: 1, currency: "JPY" } }, {});
    const [dollars, yen, none] = receiver.spans.map(({ attributes }) => attributes);
    expect(dollars).toMatchObject({
      "langfuse.observation.model.name": "large-1",
      "langfuse.observation.usage_details": '{"input":120,"output":30}',
      "langfuse.observation.cost_details": '{"total":0.25}',
    });
    // Langfuse counts in dollars.
    expect(yen).toMatchObject({
      "langfuse.observation.metadata.cost": 1n,
      "langfuse.observation.metadata.cost_currency": "JPY",
    });
    for (const each of [yen, none]) {
      expect(Object.keys(each ?? {}).filter((key) => /_details$|model/.test(key))).toEqual([]);
    }
  });

  it("tells how long it waited for a slot and a start", async () => {
    await send({}, { attempts: [attempt({ waitedSeconds: 0.25, coldStartSeconds: 1.5 })], coldStart: true });
    expect(receiver.spans[0]?.attributes).toMatchObject({
      "langfuse.observation.metadata.waited_ms": 1_750n,
      "langfuse.observation.metadata.cold_start": true,
    });
  });
});

describe("the trace of a call", () => {
  const W3C = { traceId: "4bf92f3577b34da6a3ce929d0e0e4736", spanId: "00f067aa0ba902b7", sampled: true };

  it("is the one that the caller names, by its SHA-256 where it is no id of Langfuse", async () => {
    await send({}, { correlation: { traceId: "your-langfuse-trace-id" }, trace: W3C });
    const [span] = receiver.spans;
    expect(span?.traceId).toBe("9abc96727e52cd98fd35e85d63efb366");
    expect(span?.parentSpanId).toBeUndefined();
    expect(span?.attributes).toMatchObject({
      "langfuse.observation.metadata.original_trace_id": "your-langfuse-trace-id",
      "langfuse.observation.metadata.otel_trace_id": W3C.traceId,
    });
  });

  it("is another for each name, also for names that look like secrets and are not shown", async () => {
    const names = ["ghp_abcdefghijklmnopqrstuvwxyz0123456789", "ghp_zyxwvutsrqponmlkjihgfedcba9876543210"];
    await send({}, ...names.map((traceId) => ({ correlation: { traceId } })));
    expect(new Set(receiver.spans.map(({ traceId }) => traceId)).size).toBe(2);
    expect(receiver.raw.join("\n")).not.toContain("ghp_");
  });

  it("is the W3C trace of the call otherwise, below the span that called, whose agent names the trace", async () => {
    await send({}, { trace: W3C }, { trace: W3C, correlation: { traceId: W3C.traceId } });
    for (const span of receiver.spans) {
      expect(span).toMatchObject({ traceId: W3C.traceId, parentSpanId: W3C.spanId });
      expect(span.attributes).not.toHaveProperty("langfuse.trace.name");
    }
    expect(receiver.spans).toHaveLength(2);
  });

  it("is that of its batch, or its own, where nobody names one", async () => {
    const batch = (index: number) => ({ id: "batch-7", index, attempt: 1 });
    await send({}, { batch: batch(0) }, { batch: batch(1) }, {}, {});
    const traces = receiver.spans.map(({ traceId }) => traceId);
    expect(traces[0]).toBe(traces[1]);
    expect(new Set(traces).size).toBe(3);
  });

  it("is sent as a whole or not at all, for the share that is asked for, and what is left out is counted", async () => {
    const calls = Array.from({ length: 400 }, (_each, index) => ({ correlation: { traceId: `trace-${index % 100}` } }));
    const langfuse = await send({ sampleRate: 0.3, scores: false }, ...calls);
    const counts = new Map<string, number>();
    for (const { traceId } of receiver.spans) counts.set(traceId, (counts.get(traceId) ?? 0) + 1);
    expect([...counts.values()].every((count) => count === 4)).toBe(true);
    expect(counts.size).toBeGreaterThan(15);
    expect(counts.size).toBeLessThan(45);
    const { length } = receiver.spans;
    expect(langfuse.snapshot()).toMatchObject({ delivered: length, dropped: { sampled: 400 - length } });
  });
});

describe("the content of a call", () => {
  const captured = { scrubInputs: false, scrubOutputs: false } as const;

  it("is captured when it is asked for, without secrets, and a large result is not parsed for it", async () => {
    const secret = { api_key: "abc", note: "token=ghp_abcdefghijklmnopqrstuvwxyz0123456789" };
    const large = relayedBytes(`{"content":[{"type":"text","text":"${"ä".repeat(400_000)}"}]}`);
    await send(
      { ...captured, limits: { payloadCharsMax: 150 } },
      {},
      { arguments: new Sensitive<unknown>({ city: "Paris", password: "hunter2hunter2", nested: secret }) },
      { result: new Sensitive<unknown>(large) },
    );
    const [first, second, third] = receiver.spans.map(({ attributes }) => attributes);
    expect(first).toMatchObject({
      "langfuse.observation.input": '{"a":1,"b":2}',
      "langfuse.observation.output": '{"content":[{"type":"text","text":"3"}]}',
    });
    expect(second?.["langfuse.observation.input"]).toBe(
      '{"city":"Paris","password":"[redacted]","nested":{"api_key":"[redacted]","note":"token=[redacted]"}}',
    );
    const output = String(third?.["langfuse.observation.output"]);
    expect(output).toHaveLength(151);
    expect(output).toMatch(/^\{"content":\[\{"type":"text","text":"ä+…$/);
  });

  it("goes through the mask of the user last, which sees the messages of errors too", async () => {
    const seen: string[] = [];
    await send(
      {
        ...captured,
        mask: (text, { field, server, tool }) => {
          seen.push(`${field} ${server} ${tool}`);
          if (field === "output") throw new Error("a defect of the mask");
          return text.replaceAll("Paris", "a city");
        },
      },
      { outcome: { status: "error", errorType: "tool_error", message: "nothing is known of Paris" } },
    );
    expect(seen.toSorted()).toEqual(["input math add", "output math add", "status_message math add"]);
    expect(receiver.spans[0]?.attributes).toMatchObject({
      "langfuse.observation.output": "[masking failed]",
      "langfuse.observation.status_message": "tool_error: nothing is known of a city",
    });
  });
});

it("a server that becomes unhealthy or healthy again is an event with a score, and no other change of state is", async () => {
  const langfuse = start();
  const server = registeredName("math");
  const states = ["cold", "initializing", "ready", "cold", "ready", "degraded", "dead", "ready"] as const;
  for (const [index, to] of states.slice(1).entries()) {
    const change = {
      type: "server.state_changed",
      server,
      from: states[index] ?? "cold",
      to,
      cause: "opened",
    } as const;
    langfuse.listener({ ...change, timeMs: ENDED_MS + index });
  }
  await langfuse.flush(LONG_MS);
  await langfuse.close(1_000);
  expect(receiver.refusals).toEqual([]);
  const changes = receiver.spans.map(({ attributes }) => attributes["langfuse.observation.metadata.mcp_server_state"]);
  expect(changes).toEqual(["ready", "degraded", "ready"]);
  const scores = receiver.scores.map(({ name, value, observationId }) => [name, value, observationId]);
  expect(scores).toEqual([1, 0, 1].map((value, index) => ["server_health", value, receiver.spans[index]?.spanId]));
});

it("keys are checked against the host", async () => {
  expect(await start().checkKeys(LONG_MS)).toEqual({ kind: "accepted", projects: ["demo"] });
  const wrong = await start({ secretKey: "sk-lf-wrong" }).checkKeys(LONG_MS);
  expect(wrong).toMatchObject({ kind: "refused", message: expect.stringContaining("401") });
  receiver.behave({ kind: "refuse", status: 302, location: "https://elsewhere.example/" });
  expect(await start().checkKeys(LONG_MS)).toMatchObject({ kind: "unknown", message: expect.stringContaining("302") });
  receiver.behave({ kind: "hang" });
  expect(await start().checkKeys(500)).toMatchObject({ kind: "unknown" });
});

it.each([
  [{ publicKey: "" }, "publicKey"],
  [{ secretKey: "two\nlines" }, "secretKey"],
  [{ host: "cloud.langfuse.com" }, "host"],
  [{ host: "https://me:secret@langfuse.example" }, "host"],
  [{ sampleRate: 1.5 }, "sampleRate"],
  [{ environment: "langfuse-x" }, "environment"],
])("options that cannot be used are refused by name: %o", (options, name) => {
  expect(() => start(options)).toThrow(new RegExp(`^${name}: `));
});
