import { realpath } from "node:fs/promises";
import { tmpdir } from "node:os";
import { poll } from "@mcp-hangar/testing";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import type { JsonRpcNotification } from "../../src/protocol/json-rpc.ts";
import type { UpstreamSession } from "../../src/transports/session.ts";
import { call, fixture, open, type Recorder, textOf } from "./harness.ts";

const command = [process.execPath, fixture("legacy-server.mjs")];
const never = new AbortController().signal;

describe("a session with a legacy server", () => {
  let session: UpstreamSession;
  let recorder: Recorder;

  beforeAll(async () => {
    ({ session, recorder } = await open({ command, env: { GREETING: "hello" }, cwd: tmpdir() }));
  });
  afterAll(() => session.close());
  afterEach(() => {
    recorder.notifications.length = 0;
    recorder.requests.length = 0;
    recorder.logs.length = 0;
  });

  test("knows who is on the other side", () => {
    expect(session.peer).toEqual({
      era: "legacy",
      protocolVersion: "2025-11-25",
      info: { name: "legacy", version: "1" },
      capabilities: { tools: {} },
      instructions: undefined,
    });
    expect(session.connections()).toBeUndefined();
  });

  test("initializes the session before anything else, after it has asked for the era", async () => {
    const received: { method: string }[] = JSON.parse(textOf(await call(session, "received")));
    expect(received.map(({ method }) => method).slice(0, 2)).toEqual(["server/discover", "notifications/initialized"]);
  });

  test("matches many answers to their requests", async () => {
    const texts = Array.from({ length: 500 }, (_, i) => `text ${i}`);
    const replies = await Promise.all(texts.map((text) => call(session, "echo", { text })));
    expect(replies.map(textOf)).toEqual(texts);
  });

  test("passes errors of the server on as they are", async () => {
    const reply = await session.request({ method: "no/such", params: {}, signal: undefined, trace: {} });
    expect(reply).toEqual({ kind: "error", error: { code: -32601, message: "unknown", data: { method: "no/such" } } });
  });

  test("reads characters and line breaks that arrive in pieces", async () => {
    expect(textOf(await call(session, "pieces"))).toBe("grüße 🎈 …");
  });

  test("reads a line of 5 MB without copying it again and again", async () => {
    const bytes = 5_000_000;
    const reply = await call(session, "huge", { bytes });
    if (reply.kind !== "result") throw new Error(reply.kind);
    expect(reply.result.bytes?.length).toBeGreaterThan(bytes);
    expect(textOf(reply)).toBe("x".repeat(bytes));
  });

  test("sends requests that are larger than any pipe", async () => {
    const text = "é".repeat(2_000_000);
    expect(textOf(await call(session, "echo", { text }))).toBe(text);
  });

  test("skips what is no message on stdout, and says so in the log", async () => {
    expect(textOf(await call(session, "noise"))).toBe("noisy");
    expect(recorder.logs).toEqual([
      "[stdout] a line of 16 bytes was skipped: it is not valid JSON",
      "[stdout] a line of 3 bytes was skipped: it is too short to be a message",
    ]);
  });

  test("fails the request whose answer is malformed, and no other", async () => {
    const [broken, fine] = await Promise.all([call(session, "broken"), call(session, "echo", { text: "fine" })]);
    expect(broken).toMatchObject({ kind: "failed", errorType: "protocol", maybeExecuted: true });
    expect(textOf(fine)).toBe("fine");
  });

  test("hands over every line of stderr", async () => {
    await call(session, "stderr", { text: "one\ntwo \u001b[31mred\u001b[0m" });
    await poll("two lines", () => recorder.logs.length === 2);
    expect(recorder.logs).toEqual(["one", "two red"]);
  });

  test("starts the server in its folder, with its variables and none of ours", async () => {
    process.env.MCP_HANGAR_TEST_SECRET = "secret";
    const environment = JSON.parse(textOf(await call(session, "environment")));
    expect(environment).toMatchObject({ GREETING: "hello", PATH: process.env.PATH });
    expect(environment).not.toHaveProperty("MCP_HANGAR_TEST_SECRET");
    expect(environment).not.toHaveProperty("VITEST");
    expect(textOf(await call(session, "folder"))).toBe(await realpath(tmpdir()));
  });

  test("routes progress to its request under the caller's own token, and the log of a sole call to that call", async () => {
    const heard: JsonRpcNotification[] = [];
    const reply = await call(
      session,
      "log",
      {},
      {
        params: { _meta: { progressToken: "mine", other: 1 } },
        trace: { traceparent: "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01" },
        onNotification: (notification) => heard.push(notification),
      },
    );
    expect(heard).toEqual([
      { method: "notifications/message", params: { level: "info", data: "from a tool" } },
      { method: "notifications/progress", params: { progressToken: "mine", progress: 1, total: 2 } },
    ]);
    expect(JSON.parse(textOf(reply))).toEqual({
      progressToken: expect.any(Number),
      other: 1,
      traceparent: "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
    });
    expect(recorder.notifications).toEqual([]);
  });

  test("gives a log message to the session's owner when two calls may have caused it", async () => {
    const heard: JsonRpcNotification[] = [];
    const onNotification = (notification: JsonRpcNotification): void => void heard.push(notification);
    await Promise.all([call(session, "late", {}, { onNotification }), call(session, "log", {}, { onNotification })]);
    expect(heard).toEqual([]);
    expect(recorder.notifications.map(({ method }) => method)).toEqual(["notifications/message"]);
  });

  test("lets the sole call in flight answer requests of the server", async () => {
    const reply = await call(
      session,
      "ask",
      { method: "sampling/createMessage", params: { maxTokens: 1 } },
      {
        onServerRequest: async ({ method, params }) => ({ kind: "result", result: { method, params } }),
      },
    );
    expect(JSON.parse(textOf(reply))).toEqual({ method: "sampling/createMessage", params: { maxTokens: 1 } });
  });

  test("does not show one caller what may be meant for another", async () => {
    const onServerRequest = (): Promise<never> => Promise.reject(new Error("must not be asked"));
    const [, asked] = await Promise.all([
      call(session, "late"),
      call(session, "ask", { method: "elicitation/create", params: {} }, { onServerRequest }),
    ]);
    expect(JSON.parse(textOf(asked))).toEqual({ from: "observer" });
    expect(recorder.requests).toEqual([
      { id: expect.stringMatching(/^server-/), method: "elicitation/create", params: {} },
    ]);
  });

  test("answers a ping itself, and an error when whoever is asked fails", async () => {
    const pinged = await call(session, "ask", { method: "ping" });
    expect(JSON.parse(textOf(pinged))).toEqual({});
    const failing = await call(
      session,
      "ask",
      { method: "roots/list" },
      {
        onServerRequest: () => Promise.reject(new Error("no roots")),
      },
    );
    expect(JSON.parse(textOf(failing))).toEqual({ code: -32603, message: "no roots" });
  });

  // Last but one, because for a while after it nothing is routed to a sole call.
  test("settles an aborted request at once, tells the server, and ignores the late answer", async () => {
    const abort = new AbortController();
    const late = call(session, "late", {}, { signal: abort.signal });
    await call(session, "echo", { text: "the other one has been written" });
    abort.abort(new Error("the deadline has passed"));
    expect(await late).toMatchObject({ kind: "failed", errorType: "aborted", maybeExecuted: true });
    const received: { method: string; params: unknown }[] = JSON.parse(textOf(await call(session, "received")));
    expect(received.at(-1)).toMatchObject({
      method: "notifications/cancelled",
      params: { requestId: expect.any(Number), reason: "the deadline has passed" },
    });
    expect(textOf(await call(session, "late"))).toBe("late");
  });

  test("does not send a request that was given up before", async () => {
    const reply = await call(session, "echo", { text: "?" }, { signal: AbortSignal.abort() });
    expect(reply).toMatchObject({ kind: "failed", errorType: "aborted", maybeExecuted: false });
  });
});

test.each([
  ["crash", "exited with code 7"],
  ["die", "SIGKILL (exit code 137)"],
])("a server that ends in mid call (%s) fails what is in flight and reports its end once", async (tool, words) => {
  const { session, recorder } = await open({ command });
  await call(session, "stderr", { text: "about to end" });
  const [silent, ended] = await Promise.all([call(session, "silent", {}, { signal: never }), call(session, tool)]);
  for (const reply of [silent, ended]) {
    expect(reply).toMatchObject({ kind: "failed", errorType: "connection", maybeExecuted: true });
  }
  expect(recorder.closed).toEqual([expect.stringContaining(words)]);
  expect(recorder.closed[0]).toContain("about to end");
  expect(await call(session, "echo", { text: "?" })).toMatchObject({ errorType: "connection", maybeExecuted: false });
  await session.close();
  expect(recorder.closed).toHaveLength(1);
});

describe("a message longer than the limit", () => {
  const limits = { lineBytesMax: 100_000 };

  test.each(["huge", "hugeWith"])("fails the request that it answers, and nothing else (%s)", async (tool) => {
    const { session, recorder } = await open({ command, limits });
    expect(textOf(await call(session, "huge", { bytes: 90_000 }))).toHaveLength(90_000);
    const other = call(session, "silent", {}, { signal: never });
    for (let round = 0; round < 3; round++) {
      const reply = await call(session, tool, { bytes: 200_000, order: "last" });
      expect(reply).toMatchObject({ kind: "failed", answered: true, maybeExecuted: true });
      expect(reply).toMatchObject({
        message: expect.stringMatching(/^the answer to tools\/call has 2\d{5} bytes, more than/),
      });
      expect(textOf(await call(session, "echo", { text: "fine" }))).toBe("fine");
    }
    expect(recorder.closed).toEqual([]);
    expect(await Promise.race([other, Promise.resolve("in flight")])).toBe("in flight");
    expect([...recorder.logs, ...recorder.closed].join()).not.toMatch(/PRIVATE|xxx/);
    await session.close();
  });

  test("fails the only request in flight when it does not tell its id", async () => {
    const { session } = await open({ command, limits });
    const reply = await call(session, "hugeWith", { bytes: 200_000, order: "middle" });
    expect(reply).toMatchObject({ kind: "failed", answered: true });
    await session.close();
  });

  test("fails nobody when it does not tell its id and may belong to several, or to one that was given up", async () => {
    const { session, recorder } = await open({ command, limits });
    const others = [call(session, "silent"), call(session, "hugeWith", { bytes: 200_000, order: "middle" })];
    await poll("the message to be skipped", () => recorder.logs.length === 1);
    expect(await Promise.race([...others, Promise.resolve("in flight")])).toBe("in flight");
    expect(recorder.logs).toEqual([expect.stringMatching(/^\[stdout\] a message of 2\d{5} bytes.*was skipped$/)]);
    await session.close();
  });

  test("is nobody's failure when it is no answer", async () => {
    const { session, recorder } = await open({ command, limits });
    expect(textOf(await call(session, "hugeWith", { bytes: 200_000, order: "notification" }))).toBe("told");
    expect(recorder.notifications).toEqual([]);
    await session.close();
  });

  test("ends the session once it is so long that it is none", async () => {
    const { session, recorder } = await open({ command, limits: { ...limits, skippedBytesMax: 1_000_000 } });
    const reply = await call(session, "hugeWith", { bytes: 4_000_000, order: "last" });
    expect(reply).toMatchObject({ kind: "failed", errorType: "protocol" });
    expect(recorder.closed).toEqual([expect.stringContaining("more than 1000000 bytes without a line break")]);
    await session.close();
  });
});

test("requests to a server that does not read are refused once the queue is full, and were certainly not executed", async () => {
  const { session } = await open({ command, limits: { queueLengthMax: 100_000 } });
  await call(session, "deaf");
  const text = "x".repeat(50_000);
  const waiting = [];
  let refused: Awaited<ReturnType<typeof call>> | undefined;
  while (refused === undefined && waiting.length < 100) {
    const reply = call(session, "echo", { text });
    waiting.push(reply);
    // What was queued goes to the pipe at the end of a turn.
    refused = await Promise.race([reply, new Promise<undefined>((resolve) => setImmediate(() => resolve(undefined)))]);
  }
  expect(refused).toMatchObject({ kind: "failed", errorType: "overloaded", maybeExecuted: false });
  await session.close();
  const ends = await Promise.all(waiting);
  const executed = ends.map((reply) => reply.kind === "failed" && reply.maybeExecuted);
  expect(executed.at(0)).toBe(true);
  expect(executed.at(-2)).toBe(false);
});

test("closing settles what is in flight and is no crash", async () => {
  const { session, recorder, transport } = await open({ command });
  const silent = call(session, "silent");
  await Promise.all([session.close(), session.close(), transport.close()]);
  expect(await silent).toMatchObject({ kind: "failed", errorType: "connection" });
  expect(recorder.closed).toEqual([]);
});

test("counts every message", async () => {
  const { session, recorder } = await open({ command });
  recorder.messages.length = 0;
  await call(session, "echo", { text: "x" });
  await session.request({ method: "no/such", params: {}, signal: undefined, trace: {} });
  session.notify({ method: "notifications/roots/list_changed", params: {} });
  await call(session, "ask", { method: "ping" });
  await session.close();
  expect(recorder.messages).toEqual([
    "sent request",
    "received response",
    "sent request",
    "received error",
    "sent notification",
    "sent request",
    "received request",
    "sent response",
    "received response",
  ]);
});
